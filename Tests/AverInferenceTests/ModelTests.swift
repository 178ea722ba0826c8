import AverInference
import Foundation
import Media
import Nets
import Synchronization
import TestSupport
import Testing
import Trainer

@Suite("AverInference: models")
struct ModelTests {
  private let runs: TinyRuns

  init() throws { runs = try TinyRuns() }

  @Test("a run says what it is, and refuses to be another")
  func stages() throws {
    guard case .face(let face) = try TrainedModel(run: runs.path("eyes")),
      case .voice(let voice) = try TrainedModel(run: runs.path("ears")),
      case .affect(let affect) = try TrainedModel(run: runs.path("both"))
    else {
      Issue.record("a run became another model")
      return
    }
    #expect(face.classes.count == 8 && face.featureCount == 128 && face.predictsAffect)
    #expect(voice.classes.first == "neutral" && voice.featureCount == 128 && voice.predictsAffect)
    #expect(affect.sees && affect.hears && affect.classes == face.classes)
    #expect { try FaceModel(run: runs.path("ears")) } throws: {
      "\($0)".contains("teacher or distill")
    }
    #expect { try VoiceModel(run: runs.path("both")) } throws: { "\($0)".contains("run of audio") }
    #expect { try AffectModel(run: runs.path("eyes")) } throws: {
      "\($0)".contains("run of fusion")
    }
  }

  @Test("a photograph's face is found, and where it is said to be it is predicted alike")
  func photograph() throws {
    let model = try FaceModel(run: runs.path("eyes"))
    let picture = try Picture(contentsOf: Photo.path)
    let found = try model.predict(picture)
    let face = try #require(found.first)
    #expect(found.count == 1)
    let region = try #require(face.region)
    #expect(try model.findFaces(in: picture) == [region])
    #expect(abs(face.estimate.probabilities.reduce(0, +) - 1) < 1e-5)
    #expect(face.features.count == 128 && face.features.contains { $0 != 0 })
    #expect(face.estimate.valence != nil && face.estimate.arousal != nil)
    #expect(try model.predict(picture, regions: [region]) == [face])
    let moved = FaceRegion(
      x: region.x + 20, y: region.y, width: region.width, height: region.height)
    #expect(try model.predict(picture, regions: [moved, region])[1] == face)
    #expect(try model.predict(picture, regions: [moved])[0].features != face.features)
    #expect(try model.predict(faces: [picture])[0].features != face.features)
  }

  @Test("pictures and regions that cannot be are refused by name")
  func impossiblePictures() throws {
    #expect(throws: InferenceError.picture(width: 2, height: 2, bytes: 11)) {
      try Picture(width: 2, height: 2, rgb: Array(repeating: 0, count: 11))
    }
    for (width, height) in [(0, 0), (-1, -1), (Int.max, 2), (1 << 20, 1 << 20)] {
      #expect(throws: InferenceError.self) { try Picture(width: width, height: height, rgb: []) }
    }
    let model = try FaceModel(run: runs.path("eyes"))
    let picture = try Picture(width: 40, height: 30, rgb: Array(repeating: 7, count: 3600))
    #expect(try model.predict(picture).isEmpty)
    let impossible = [
      FaceRegion(x: 50, y: 0, width: 10, height: 10), FaceRegion(x: 0, y: 0, width: 0, height: 10),
      FaceRegion(x: .nan, y: 0, width: 10, height: 10),
      FaceRegion(x: 0, y: 0, width: .infinity, height: 10),
    ]
    for region in impossible {
      #expect(throws: InferenceError.self) { try model.predict(picture, regions: [region]) }
    }
    #expect(try model.predict(picture, regions: []).isEmpty)
    #expect(try model.predict(faces: []).isEmpty)
  }

  @Test("more faces than a batch are predicted as each alone")
  func batches() throws {
    var options = InferenceOptions()
    options.batch = 3
    let model = try FaceModel(run: runs.path("eyes"), options: options)
    let pictures = try (0..<7).map { index in
      try Picture(
        width: 20, height: 20, rgb: (0..<1200).map { UInt8(truncatingIfNeeded: $0 * (index + 3)) })
    }
    let together = try model.predict(faces: pictures)
    #expect(together.count == 7 && together[0] != together[1])
    for (picture, prediction) in zip(pictures, together) {
      #expect(try model.predict(faces: [picture]) == [prediction])
    }
  }

  @Test("a sound is predicted every 40 ms, the same from a file")
  func sound() throws {
    let model = try VoiceModel(run: runs.path("ears"))
    let samples = (0..<20_000).map { sinf(Float($0) * Float($0) * 1e-5) / 2 }
    let predictions = try model.predict(samples: samples)
    #expect(predictions.count == 31)
    #expect(abs(predictions[2].seconds - 0.1) < 1e-9)
    #expect(predictions[3].features != predictions[25].features)
    let file = runs.path("tone.wav")
    let writer = try WAVWriter(file, rate: 16_000)
    try writer.write(samples)
    try writer.close()
    let recording = try model.predict(sound: file)
    #expect(recording.moments.count == 31)
    for (moment, prediction) in zip(recording.moments, predictions) {
      let difference =
        zip(moment.estimate.probabilities, prediction.estimate.probabilities)
        .map { abs($0 - $1) }.max() ?? 1
      #expect(difference < 1e-3, "16 bits of a file lie between them")
    }
    #expect(throws: InferenceError.samplesNotFinite(index: 1)) {
      try model.predict(samples: [0, .nan])
    }
    #expect(throws: InferenceError.self) { try model.predict(samples: []) }
    #expect(try model.predict(samples: [0.5]).count == 1)
  }

  @Test("threads that ask at the same time hear what each alone hears")
  func threads() throws {
    let model = try FaceModel(run: runs.path("eyes"))
    let pictures = try (0..<4).map { index in
      try Picture(
        width: 32, height: 32, rgb: (0..<3072).map { UInt8(truncatingIfNeeded: $0 * (index + 2)) })
    }
    let alone = try pictures.map { try model.predict(faces: [$0]) }
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 40) { index in
      let heard = try? model.predict(faces: [pictures[index % 4]])
      if heard != alone[index % 4] { wrong.withLock { $0 += 1 } }
    }
    #expect(wrong.withLock { $0 } == 0)
  }

  @Test("what a run had no labels for is neither predicted nor exported")
  func untaught() throws {
    try runs.rewrite("eyes", facts: ["untaught": "affect"])
    let model = try FaceModel(run: runs.path("eyes"))
    #expect(!model.predictsAffect)
    let face = try #require(try model.predict(Picture(contentsOf: Photo.path)).first)
    #expect(face.estimate.valence == nil && face.estimate.arousal == nil)
    #expect(face.estimate.probabilities.count == 8)
    try runs.rewrite("eyes", facts: ["untaught": "logits"])
    let classless = try FaceModel(run: runs.path("eyes"))
    let other = try #require(try classless.predict(Picture(contentsOf: Photo.path)).first)
    #expect(classless.classes.isEmpty && other.estimate.probabilities.isEmpty)
    #expect(other.estimate.valence != nil)
    // The expression that fusion tells is its visual extractor's.
    for run in ["both", "tuned"] {
      let model = try AffectModel(run: runs.path(run))
      #expect(model.classes.isEmpty && model.sees)
      let film = runs.path("classless.mp4")
      try Photo.film(film, tone: true)
      let moments = try model.predict(film: film).moments
      #expect(moments.count == 40)
      #expect(
        moments.allSatisfy { $0.estimate.probabilities.isEmpty && $0.estimate.valence != nil })
    }
    try runs.rewrite("eyes", facts: ["untaught": "logits,affect"])
    let nothing = try FaceModel(run: runs.path("eyes"))
    #expect(throws: InferenceError.untaught(weights: runs.weights(of: "eyes"))) {
      try nothing.predict(film: runs.path("classless.mp4"))
    }
    try runs.rewrite("eyes", facts: ["untaught": "affect"])
    try runs.rewrite("ears", facts: ["untaught": "logits"])
    let voice = try VoiceModel(run: runs.path("ears"))
    #expect(voice.classes.isEmpty && voice.predictsAffect)
    let heard = try voice.predict(samples: Array(repeating: 0.1, count: 16_000))
    #expect(heard.allSatisfy { $0.estimate.probabilities.isEmpty && $0.estimate.valence != nil })
    for (run, name, output) in [("eyes", "affect", "affect"), ("ears", "logits", "classes")] {
      for format in ExportFormat.allCases {
        let summary = try RunExport(run: runs.path(run), format: format).export()
        #expect(!summary.files.contains { $0.name.contains("head-\(name)") })
        let json = try Data(contentsOf: URL(filePath: "\(summary.folder)/model.json"))
        let described = try #require(
          try JSONSerialization.jsonObject(with: json) as? [String: Any])
        let outputs = try #require(described["outputs"] as? [String: Any])
        #expect(outputs[output] == nil || outputs[output] is NSNull)
        guard format == .safetensors else { continue }
        let names = try SafetensorsReader(path: "\(summary.folder)/model.safetensors").names
        let left = name == "affect" ? "affect" : "fc."
        #expect(!names.contains { $0.hasPrefix(left) }, "\(names)")
      }
    }
  }

  @Test("outputs that are no numbers are an error that names the weights")
  func notFinite() throws {
    try runs.rewrite("eyes", filling: "fc.bias", with: .greatestFiniteMagnitude)
    try runs.rewrite("eyes", filling: "fc.weight", with: .greatestFiniteMagnitude)
    let model = try FaceModel(run: runs.path("eyes"))
    #expect {
      try model.predict(Picture(contentsOf: Photo.path))
    } throws: {
      "\($0)".contains(runs.weights(of: "eyes"))
    }
    try Photo.film(runs.path("film.mp4"), frames: 3, faceless: 0, tone: false)
    #expect {
      try model.predict(film: runs.path("film.mp4"))
    } throws: {
      "\($0)".contains(runs.weights(of: "eyes"))
    }
  }

  @Test("settings that cannot be are refused by name")
  func settings() throws {
    func refusal(_ change: (inout InferenceOptions) -> Void) -> String {
      var options = InferenceOptions()
      change(&options)
      do {
        _ = try FaceModel(run: runs.path("eyes"), options: options)
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(refusal { $0.batch = 0 }.contains("batch"))
    #expect(refusal { $0.precision = "f16" }.contains("precision"))
    #expect(refusal { $0.threads = 0 }.contains("threads"))
    #expect(refusal { $0.workers = 0 }.contains("workers"))
    #expect(refusal { $0.minimumFace = 2 }.contains("minimum face"))
    #expect(refusal { $0.faceIntervalSeconds = -1 }.contains("interval"))
    #expect(refusal { $0.landmarks = "/nowhere.dat" }.contains("/nowhere.dat"))
    #expect(refusal { $0.checkpoint = "/nowhere.safetensors" }.contains("/nowhere.safetensors"))
    #expect(refusal { $0.checkpoint = "latest" }.contains("checkpoints/latest"))
  }
}
