import Datasets
import Nets
import TestSupport
import Testing

@testable import Trainer

@Suite("Configuration of the stage audio")
struct AudioConfigurationTests {
  private let minimal = "stage: audio\ndata:\n  root: /speech\n"

  private func mistakes(_ overrides: String...) throws -> [String] {
    let folder = try TemporaryFolder()
    let file = try folder.write(minimal, to: "run.yaml")
    do {
      _ = try AudioConfiguration.load(file: file, overrides: overrides)
      return []
    } catch TrainerError.configuration(let mistakes) {
      return mistakes.map { "\($0)" }
    }
  }

  private func load(_ overrides: String...) throws -> AudioConfiguration {
    let folder = try TemporaryFolder()
    let file = try folder.write(minimal, to: "run.yaml")
    return try AudioConfiguration.load(file: file, overrides: overrides).values
  }

  @Test("heads follow from the losses")
  func heads() throws {
    #expect(try load().network == AudioNetwork(backbone: .vggish, frames: 96, classes: 8))
    let affect = try load(
      "loss.emotion=0", "loss.concordance=1", "data.seconds=1.5", "model.name=resnet50")
    #expect(
      affect.network
        == AudioNetwork(backbone: .resnet50, frames: 150, classes: nil, hasAffect: true))
    #expect(affect.metrics.map(\.name).first == "valence_ccc")
    #expect(try load().metrics.map(\.name) == ["accuracy", "uar", "loss"])
  }

  @Test("what cannot be names its key and what would work")
  func refusals() throws {
    let cases: [([String], String)] = [
      (
        ["model.name=densenet121"],
        "a network that hears (vggish, resnet10_x0_25, resnet18, resnet50)"
      ),
      (["loss.emotion=0"], "nothing would be learned"),
      (["data.seconds=0.1"], "data.seconds: 0.1 s are too short for vggish: layer features.15"),
      (
        ["loss.emotion=0", "loss.concordance=1", "data.balance=loss"],
        "data.balance: has no classes to balance"
      ),
      (["data.split=speakers"], "data.validation_speakers: names nobody to evaluate on"),
      (["data.test_speakers=[a]"], "has an effect with data.split=speakers only"),
      (["data.validation_part=0"], "data.validation_part: leaves nobody to evaluate on"),
      (["data.split=list"], "data.split: list needs data.list"),
      (["data.augmentation.gain=61"], "must be from 0.0 to 60.0"),
      (["stage=teacher"], "stage"),
    ]
    for (overrides, words) in cases {
      let folder = try TemporaryFolder()
      let file = try folder.write(minimal, to: "run.yaml")
      let error = #expect(throws: TrainerError.self) {
        _ = try AudioConfiguration.load(file: file, overrides: overrides)
      }
      #expect(
        try "\(#require(error))".contains(words), "\(overrides): \(String(describing: error))")
    }
  }

  @Test("what decides the weights is compared on resuming, what does not is not")
  func identity() throws {
    let values = try load().identityValues
    for key in ["data.seconds", "data.split_seed", "data.augmentation.time_masks", "loss.emotion"] {
      #expect(values[key] != nil, "\(key)")
    }
    for key in ["data.root", "data.list", "data.workers", "data.on_error"] {
      #expect(values[key] == nil, "\(key)")
    }
  }

  @Test("speakers are dealt out as asked, and a refusal names the key and its place")
  func speakers() throws {
    let manifest = SpeechManifest(
      path: "list.csv", root: "/speech",
      records: ["ann", "ben", "eve"].enumerated().map {
        SpeechRecord(audioPath: "a", emotion: .sad, speaker: $1, split: .training, line: $0 + 2)
      })
    func split(_ overrides: String...) throws -> SpeakerSplit? {
      let folder = try TemporaryFolder()
      return try AudioConfiguration.load(
        file: try folder.write(minimal, to: "run.yaml"), overrides: overrides
      ).speakers(of: manifest)
    }
    let named = try #require(
      try split("data.split=speakers", "data.validation_speakers=[ben]", "data.test_speakers=[ann]")
    )
    #expect(named.split(of: "ben") == .validation && named.split(of: "ann") == .test)
    #expect(try #require(try split()).speakers(of: .validation).count == 1)
    let refusals: [([String], String)] = [
      (
        ["data.split=speakers", "data.validation_speakers=[bem]"],
        "data.validation_speakers: nobody is called 'bem'; is it 'ben'?"
      ),
      (
        ["data.split=speakers", "data.validation_speakers=[ann, ben, eve]"],
        "data.validation_speakers: nobody is left for training"
      ),
      (
        ["data.validation_part=0.9"],
        "data.validation_part: 3 speakers and 0 for test leave none of 3 for training"
      ),
    ]
    for (overrides, words) in refusals {
      let folder = try TemporaryFolder()
      let loaded = try AudioConfiguration.load(
        file: try folder.write(minimal, to: "run.yaml"), overrides: overrides)
      let error = #expect(throws: TrainerError.self) { try loaded.speakers(of: manifest) }
      #expect(error?.exitStatus == .usage)
      #expect(try "\(#require(error))".contains(words), "\(String(describing: error))")
    }
    let column = manifest.part(.validation, by: nil)
    let error = #expect(throws: DatasetError.self) {
      try column.requiringUtterances(of: .validation)
    }
    #expect(try "\(#require(error))".hasPrefix("list.csv: no usable utterance for validation"))
  }
}
