import Datasets
import Nets

/// The configuration of `aver-train audio`.
struct AudioConfiguration: StageConfiguration {
  var common = CommonSections(stage: .audio)
  /// What is trained.
  var model = AudioModelSection()
  /// On which utterances.
  var data = SpeechSection()
  /// What for.
  var loss = AudioLossSection()

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    generalKeys + section("model", \.model) + section("data", \.data) + section("loss", \.loss)
      + trainingKeys
  }

  static func contradictions(in loaded: LoadedConfiguration<Self>) -> [ConfigurationMistake] {
    [loaded.lossMistake(), loaded.lengthMistake(), loaded.balanceMistake()].compactMap { $0 }
      + loaded.speakerMistakes()
  }

  var metrics: [EvaluationMetric] { AudioReport.metrics(of: network) }

  var heads: [String] { network.heads.flatMap { $0 } }

  /// The network as Nets takes it.
  var network: AudioNetwork {
    AudioNetwork(
      backbone: model.name, frames: data.frames,
      classes: loss.emotion > 0 ? VocalEmotion.allCases.count : nil, hasAffect: loss.hasAffect)
  }

  /// What it is trained for.
  var objective: AudioObjective {
    AudioObjective(
      mixed: data.augmentation.mixing != .none, emotion: Float(loss.emotion),
      labelSmoothing: Float(loss.labelSmoothing), concordance: Float(loss.concordance),
      squaredError: Float(loss.squaredError))
  }
}

extension LoadedConfiguration<AudioConfiguration> {
  fileprivate func lossMistake() -> ConfigurationMistake? {
    guard values.loss.emotion == 0, !values.loss.hasAffect else { return nil }
    return mistake(
      "loss.emotion",
      "is 0, and so are loss.concordance and loss.squared_error: nothing would be learned")
  }

  /// A patch that the backbone cannot take, told by the layer that would fail.
  fileprivate func lengthMistake() -> ConfigurationMistake? {
    do {
      _ = try values.network.graph()
      return nil
    } catch {
      return mistake(
        "data.seconds", "\(values.data.seconds) s are too short for \(values.model.name): \(error)")
    }
  }

  fileprivate func balanceMistake() -> ConfigurationMistake? {
    guard values.data.balance != .none, values.loss.emotion == 0 else { return nil }
    return mistake("data.balance", "has no classes to balance: loss.emotion is 0")
  }

  fileprivate func speakerMistakes() -> [ConfigurationMistake] {
    let data = values.data
    var mistakes: [ConfigurationMistake] = []
    let named = [
      ("validation_speakers", data.validationSpeakers), ("test_speakers", data.testSpeakers),
    ]
    for (key, names) in named where data.split != .speakers && !names.isEmpty {
      mistakes.append(mistake("data.\(key)", "has an effect with data.split=speakers only"))
    }
    switch data.split {
    case .speakers where data.validationSpeakers.isEmpty:
      mistakes.append(mistake("data.validation_speakers", "names nobody to evaluate on"))
    case .chance where data.validationPart == 0:
      mistakes.append(mistake("data.validation_part", "leaves nobody to evaluate on"))
    case .list where data.list == nil:
      mistakes.append(
        mistake("data.split", "list needs data.list: names of files do not tell the split"))
    default: break
    }
    return mistakes
  }
}

/// `model` of the stage `audio`: what is trained.
struct AudioModelSection: ConfigurationSection {
  /// The architecture.
  var name = ModelName.vggish
  /// Weights to start from.
  var weights: String?

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    let names = AudioNetwork.backbones.map(\.rawValue).joined(separator: ", ")
    return [
      ConfigurationKey(
        "name", \.name, "Architecture, by torchvggish's or torchvision's name.",
        must: Requirement(words: "a network that hears (\(names))") {
          AudioNetwork.backbones.contains($0)
        }),
      ConfigurationKey(
        "weights", \.weights,
        "safetensors file to start from; a head of another shape starts afresh, and the channels of a "
          + "first convolution for images are summed."),
    ]
  }
}
