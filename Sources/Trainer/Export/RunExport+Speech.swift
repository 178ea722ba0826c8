import Datasets
import Nets

extension RunExport {
  /// A run that trained an audio network.
  func speech() throws -> ExportedModel {
    let configuration = try AudioConfiguration.load(file: folder.configuration).values
    let network = configuration.network
    let weights = try folder.weights(named: checkpoint)
    let graph = try network.graph()
    let parameters = try ModelSnapshot.parameters(weights, of: graph)
    let step = try step(of: weights)
    let heads = Heads(
      names: (network.classes == nil ? [] : ["logits"]) + (network.hasAffect ? ["affect"] : []),
      parameters: network.heads, untaught: try ModelSnapshot.untaught(ofModel: weights))
    let parts = ExportedParts(graph: graph, parameters: parameters, input: "patches", heads: heads)
    // torchvggish's network ends with the features.
    let isVGGish = network.backbone == .vggish
    return ExportedModel(
      weights: weights, files: folder.files(ofModel: weights),
      networks: try parts.networks(includesLogMel: includesLogMel, frames: network.frames),
      weightFiles: parts.weightFiles(
        classifier: isVGGish ? [] : ["logits"], library: isVGGish ? "torchvggish" : "torchvision"),
      description: ExportDescription(
        stage: configuration.stage.rawValue, step: step,
        architecture: network.backbone.rawValue, audio: try AudioInput(network),
        outputs: Outputs(
          classes: heads.has("logits") ? VocalEmotion.allCases.map { "\($0)" } : nil,
          affect: heads.has("affect") ? ["valence", "arousal"] : nil,
          text:
            "of an utterance: the mean over patches that overlap by \(configuration.data.overlap) "
            + "of a patch, of softmax(logits) and of affect")),
      facts: try facts(
        configuration, weights: weights, step: step,
        data: [("Labelled speech", (configuration.data.list ?? configuration.data.root).lastName)],
        split: "the validation speakers"))
  }
}
