import Datasets
import Foundation
import Media
import Nets

extension RunExport {
  /// A run that trained a face network.
  func faces<Configuration: FaceConfiguration>(_ type: Configuration.Type) throws -> ExportedModel {
    let configuration = try Configuration.load(file: folder.configuration).values
    let network = configuration.network
    let weights = try folder.weights(named: checkpoint)
    let graph = try network.graph(hasFeatures: true)
    let parameters = try ModelSnapshot.parameters(weights, of: graph)
    let step = try step(of: weights)
    let heads = Heads(
      names: ["logits"] + (network.hasAffect ? ["affect"] : [])
        + (network.embedding == nil ? [] : ["embedding"]),
      parameters: network.heads, untaught: try ModelSnapshot.untaught(ofModel: weights))
    let parts = ExportedParts(graph: graph, parameters: parameters, input: "images", heads: heads)
    return ExportedModel(
      weights: weights, files: folder.files(ofModel: weights),
      networks: try parts.networks(includesLogMel: false, frames: 0),
      weightFiles: parts.weightFiles(classifier: ["logits"], library: "torchvision"),
      description: try description(configuration, heads, step: step),
      facts: try facts(
        configuration, weights: weights, step: step, data: data(configuration),
        split: "the validation list (\(configuration.data.validation.lastName))"))
  }

  private func description(
    _ configuration: some FaceConfiguration, _ heads: Heads, step: Int?
  ) throws -> ExportDescription {
    let network = configuration.network
    let texts = [
      "logits": "softmax gives probabilities", "affect": "about -1 to 1, not bounded",
      "embedding": "of length 1, faces that people find alike are close",
    ]
    return ExportDescription(
      stage: configuration.stage.rawValue, step: step,
      architecture: network.backbone.name.rawValue,
      visual: try VisualInput(
        network.backbone.name,
        configuration.data.augmentation(imageSize: network.backbone.imageSize)),
      outputs: Outputs(
        classes: heads.has("logits") ? FaceReport.classNames : nil,
        affect: heads.has("affect") ? ["valence", "arousal"] : nil,
        embedding: network.embedding?.dimensions,
        text: heads.names.map { "\($0): \(texts[$0] ?? "")" }.joined(separator: "; ")))
  }

  /// What the run learned from; an empty name for what there is none of.
  private func data(_ configuration: some FaceConfiguration) -> [(String, String)] {
    let (data, triplets) = (configuration.data, configuration.triplets)
    return [
      ("Labelled faces", "\(data.root.lastName)/\(data.train.lastName)"),
      ("Triplets of faces", triplets.root == nil ? "" : triplets.train.lastName),
      ("Faces without labels", configuration.unlabeledPerMicroBatch > 0 ? "yes" : ""),
    ]
  }
}

extension String {
  /// The last part of a path: where a folder lies is nobody's business.
  var lastName: String { URL(fileURLWithPath: self).lastPathComponent }
}

/// The heads of a network.
struct Heads {
  /// Names of outputs.
  var names: [String]
  /// The parameters of each.
  var parameters: [[String]]
  /// Parameters of those that are left out.
  let leftOut: [String]

  /// - Parameter untaught: outputs that mean nothing, which nobody is given.
  init(names: [String], parameters: [[String]], untaught: Set<String> = []) {
    let heads = zip(names, parameters)
    let taught = heads.filter { !untaught.contains($0.0) }
    self.names = taught.map(\.0)
    self.parameters = taught.map(\.1)
    leftOut = heads.filter { untaught.contains($0.0) }.flatMap(\.1)
  }

  func has(_ output: String) -> Bool { names.contains(output) }
}

/// A backbone with heads, as the files of an export.
struct ExportedParts {
  /// With an output `features`.
  var graph: Graph
  var parameters: ParameterStore
  /// The name of its input.
  var input: String
  var heads: Heads

  /// The whole network, its backbone, and each head.
  ///
  /// - Parameters:
  ///   - includesLogMel: whether there are also those that take sound.
  ///   - frames: of a patch.
  func networks(includesLogMel: Bool, frames: Int) throws -> [ExportedModel.Network] {
    let whole = try graph.section(to: ["features"] + heads.names)
    let extractor = try graph.section(to: ["features"])
    var networks = [
      network("model", whole, "\(input) to features and all outputs"),
      network("extractor", extractor, "\(input) to features"),
    ]
    networks += try heads.names.map {
      network("head-\($0)", try graph.section(from: ["features"], to: [$0]), "features to \($0)")
    }
    guard includesLogMel else { return networks }
    return networks + [
      hearing("model-log-mel", whole, "sound to features and all outputs", frames: frames),
      hearing("extractor-log-mel", extractor, "sound to features", frames: frames),
    ]
  }

  private func network(
    _ name: String, _ graph: Graph, _ holds: String
  ) -> ExportedModel.Network {
    var export = ONNXExport(graph: graph, parameters: parameters, name: name)
    export.documentation = Self.documentation
    return ExportedModel.Network(holds: holds, export: export)
  }

  private func hearing(
    _ name: String, _ graph: Graph, _ holds: String, frames: Int
  ) -> ExportedModel.Network {
    var network = network(name, graph, holds)
    network.export.preludes = [input: LogMelSpectrogram.prelude(frames: frames)]
    return network
  }

  /// What inputs and outputs hold.
  private static let documentation = [
    "images": "faces, RGB, normalised by mean and deviation (metadata: aver)",
    "patches": "log-mel energies (metadata: aver)",
    "features": "what the heads read",
    "logits": "of the classes (metadata: aver.classes); softmax gives probabilities",
    "affect": "valence and arousal",
    "embedding": "of length 1; like expressions are close",
  ]

  /// What the library's own class of the backbone holds, and each head.
  ///
  /// - Parameter classifier: heads that are part of that class.
  func weightFiles(classifier: [String], library: String) -> [ExportedModel.WeightFile] {
    let sources = parameters.modelSources()
    let outside =
      zip(heads.names, heads.parameters).filter { !classifier.contains($0.0) }
      .flatMap(\.1) + heads.leftOut
    let model = ExportedModel.WeightFile(
      name: "model", holds: "the network as \(library)'s class has it",
      tensors: sources.filter { !outside.contains($0.description.name) })
    return [model]
      + zip(heads.names, heads.parameters).map { name, parameters in
        ExportedModel.WeightFile(
          name: "head-\(name)", holds: "features to \(name)",
          tensors: sources.filter { parameters.contains($0.description.name) })
      }
  }
}
