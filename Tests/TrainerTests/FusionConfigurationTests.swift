import Datasets
import TestSupport
import Testing

@testable import Trainer

@Suite("Fusion: configuration")
struct FusionConfigurationTests {
  private let minimal =
    "stage: fusion\ndata: {root: /recola}\nfusion: {visual: eyes, audio: ears}\n"

  private func load(_ yaml: String, _ overrides: [String] = []) throws -> FusionConfiguration {
    let folder = try TemporaryFolder()
    return try FusionConfiguration.load(
      file: try folder.write(yaml, to: "run.yaml"), overrides: overrides
    ).values
  }

  @Test("what is written reads back the same")
  func roundTrip() throws {
    let values = try load(
      minimal,
      ["delay_seconds=[0.4, 1.2]", "faces.minimum_pixels=60", "postprocessing.median_seconds=[]"])
    #expect(values.delay == AnnotationDelay(valence: 0.4, arousal: 1.2))
    #expect(try load(values.yaml()) == values)
    #expect(try load(minimal, ["delay_seconds=2"]).delay.frames == [50, 50])
  }

  @Test("what decides weights is compared by checkpoints; where things lie is not")
  func identity() throws {
    let identity = try load(minimal).identityValues
    for key in ["delay_seconds", "window.overlap", "fusion.modality_dropout", "model.name"] {
      #expect(identity[key] != nil, "\(key)")
    }
    for key in ["fusion.visual", "features.cache", "faces.tracks", "postprocessing.centring"] {
      #expect(identity[key] == nil, "\(key)")
    }
    // Unless evaluations steer the training.
    let steered = try load(minimal, ["schedule.name=plateau"]).identityValues
    #expect(steered["postprocessing.centring"] == "true")
    #expect(steered["evaluation.every"] != nil && steered["features.cache"] == nil)
  }

  @Test("a modality alone needs only its own extractor, and has no other inputs")
  func oneModality() throws {
    let values = try load(
      "stage: fusion\ndata: {root: /recola}\nfusion: {audio: ears, modalities: audio}\n")
    let network = values.network(widths: [.audio: 128], tuned: .none)
    #expect(network.visualFeatures == nil && network.audioFeatures == 129)
    #expect(try network.network().graph.parameters.allSatisfy { !$0.name.hasPrefix("visual") })
    #expect(values.dispensable.isEmpty)
  }

  @Test("an extractor learns only where its modality is used; all else is then a head")
  func fineTuning() throws {
    #expect(try load(minimal).heads.isEmpty)
    let tuned = try load(minimal, ["fusion.fine_tune=audio"])
    #expect(tuned.fusion.fineTune.all == [.audio])
    #expect(tuned.heads.contains("recurrent") && !tuned.heads.contains("audio.backbone"))
    #expect(tuned.identityValues["fusion.fine_tune"] == "audio")
    #expect {
      try load(minimal, ["fusion.fine_tune=both", "fusion.modalities=audio"])
    } throws: {
      "\($0)".contains("fusion.fine_tune: both names the visual extractor")
    }
  }

  @Test("a window lacks a modality as often as asked for, whoever asks, and never both")
  func modalityDropout() throws {
    let windowing = ["window.frames=2", "window.overlap=0"]
    let values = try load(minimal, windowing + ["fusion.modality_dropout=0.4"])
    let split = FusionSplit(recordings: [
      recording("whole"), recording("unseen", missing: [.visual]),
    ])
    let windows = TrainingWindows(split, values)
    try #require(windows.windows.count == 2000)
    let drawn = (0..<4000).map { windows.missingModality(window: $0 % 1000, epoch: $0 / 1000) }
    for modality in Modality.allCases {
      let part = Double(drawn.count { $0 == modality }) / 4000
      #expect(abs(part - 0.2) < 0.03, "\(modality) \(part)")
    }
    #expect(drawn[0..<1000] != drawn[1000..<2000])
    // What is not there may be dropped; what is there alone may not.
    let unseen = (1000..<2000).map { windows.missingModality(window: $0, epoch: 0) }
    #expect(unseen.contains(.visual) && !unseen.contains(.audio))
    let never = TrainingWindows(split, try load(minimal, windowing))
    #expect((0..<100).allSatisfy { never.missingModality(window: $0, epoch: 0) == nil })
  }

  /// A recording of 2000 frames.
  private func recording(_ name: String, missing: [Modality] = []) -> FusionRecording {
    FusionRecording(
      name: name, labels: Array(repeating: .zero, count: 2000), frameCount: 2000, features: [:],
      inputs: [:], contentDigests: [], missing: missing)
  }
}
