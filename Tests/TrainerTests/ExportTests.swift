import Foundation
import Media
import Nets
import TestSupport
import Testing

@testable import Trainer

/// What `aver export` makes beside networks: sound in front of them, the folder, the model card.
@Suite("Export", .serialized)
struct ExportTests {
  // MARK: - Sound

  /// Sounds whose energies are far apart: of a loud tone, whose rounding must not show in silent bands,
  /// of noise, and of silence.
  private func sounds(samples: Int) -> [[Float]] {
    var generator = SeededGenerator(seed: 9)
    let tone = (0..<samples).map { sin(2 * Float.pi * 440 * Float($0) / 16_000) }
    let noise = (0..<samples).map { _ in Float.random(in: -0.3...0.3, using: &generator) }
    return [tone, noise, Array(repeating: 0, count: samples)]
  }

  @Test(
    "log-mel energies, and features of sound, are ours in ONNX Runtime",
    .enabled(if: ONNXRuntime.python != nil, "\(ONNXRuntime.requirement)"))
  func logMel() throws {
    try Engine.configure(threads: 1)
    let folder = try TemporaryFolder()
    let frames = 48
    let samples = PatchPlace(frames: frames).samples(hops: frames)
    let sounds = sounds(samples: samples)
    let spectrogram = try LogMelSpectrogram()
    let energies = sounds.flatMap(spectrogram.frames)
    var same = Graph()
    let patches = same.input("patches", .pixels, shape: [1, frames, LogMelSpectrogram.bands])
    same.output("energies", patches)
    let network = try AudioNetwork(backbone: .resnet10_x0_25, frames: frames, classes: 8).graph()
    for (name, graph, outputs) in [
      ("energies", same, ["energies": [3, 1, frames, LogMelSpectrogram.bands]]),
      ("network", network, ["features": [3, 128], "logits": [3, 8]]),
    ] {
      let store = try ParameterStore(inferenceFor: graph)
      try store.fillAtRandom(seed: 1)
      var export = ONNXExport(graph: graph, parameters: store, name: name)
      export.preludes = ["patches": LogMelSpectrogram.prelude(frames: frames)]
      try export.model().write(to: "\(folder.path)/\(name).onnx")
      var batch = try ONNXBatch(graph: graph, parameters: store, size: 3)
      try batch.give("samples", shape: [3, samples], sounds.flatMap { $0 })
      try batch.setConstant("patches", energies)
      try batch.write(outputs: outputs, to: "\(folder.path)/\(name)-3.safetensors")
    }
    let outcome = try ONNXRuntime.compare(folder.path)
    #expect(outcome.passes, "\(outcome.output)")
  }

  // MARK: - The folder

  private func names(_ folder: TemporaryFolder, _ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/\(name)").sorted()
  }

  @Test("files that are there stay, unless they are to be replaced")
  func presentFiles() throws {
    let folder = try TemporaryFolder()
    let place = "\(folder.path)/out"
    let files = [ExportFile("model.json", Array("new".utf8)), ExportFile("b", [1])]
    _ = try folder.write("old", to: "out/model.json")
    #expect {
      try ExportFolder(path: place, replaces: false).write(files)
    } throws: {
      "\($0)"
        == "\(place) holds model.json already: replace with --force, or name another folder with "
        + "--output"
    }
    #expect(try folder.text(of: "out/model.json") == "old")
    try ExportFolder(path: place, replaces: true).write(files)
    #expect(try folder.text(of: "out/model.json") == "new")
    #expect(try names(folder, "out") == ["b", "model.json"])
  }

  @Test("files of an earlier export go, but for those that are read and those it did not make")
  func formerFiles() throws {
    let folder = try TemporaryFolder()
    let place = "\(folder.path)/out"
    let former = ["a.onnx", "read.onnx", "../outside.onnx", "notes.txt", "b.onnx"]
    let description = former.map { "{\"name\": \"\($0)\"}" }.joined(separator: ", ")
    _ = try folder.write("{\"files\": [\(description)]}", to: "out/model.json")
    for name in former + ["own.onnx"] { _ = try folder.write("old", to: "out/\(name)") }
    try ExportFolder(path: place, replaces: true).write(
      [ExportFile("model.json", Array("{}".utf8)), ExportFile("b.onnx", Array("new".utf8))],
      reading: ["\(place)/read.onnx"])
    #expect(
      try names(folder, "out") == ["b.onnx", "model.json", "notes.txt", "own.onnx", "read.onnx"])
    #expect(try folder.text(of: "out/b.onnx") == "new")
    #expect(try folder.text(of: "outside.onnx") == "old")
    // Where the description is no description, nothing is removed.
    try ExportFolder(path: place, replaces: true).write([ExportFile("c.onnx", [1])])
    #expect(try names(folder, "out").count == 5)
  }

  @Test("an export does not replace what it is made of")
  func overItsWeights() throws {
    let folder = try TemporaryFolder()
    let weights = try folder.write("weights", to: "best/model.safetensors")
    for reading in [weights, try folder.write("", to: "best/b.onnx.writing")] {
      #expect {
        try ExportFolder(path: "\(folder.path)/./best", replaces: true).write(
          [ExportFile("model.safetensors", [1]), ExportFile("b.onnx", [1])], reading: [reading])
      } throws: {
        "\($0)".contains("\(reading) is read, and") && ExitStatus(of: $0) == .usage
      }
    }
    #expect(try folder.text(of: "best/model.safetensors") == "weights")
  }

  @Test("an export that fails leaves what was there, and nothing of its own")
  func failure() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("old", to: "out/a")
    struct Failure: Error {}
    let files = [
      ExportFile("a", [1]), ExportFile("b", byteCount: 1) { _ in throw Failure() },
    ]
    #expect(throws: Failure.self) {
      try ExportFolder(path: "\(folder.path)/out", replaces: true).write(files)
    }
    #expect(try names(folder, "out") == ["a"])
    #expect(try folder.text(of: "out/a") == "old")
  }

  @Test("a folder that cannot be written to is a mistake of the command line")
  func unwritable() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("", to: "file")
    for (place, files, reason) in [
      ("file/out", [ExportFile("a", [1])], "mkdir"),
      ("room", [ExportFile("a", byteCount: 1 << 60) { _ in }], "MiB wanted"),
    ] {
      #expect {
        try ExportFolder(path: "\(folder.path)/\(place)", replaces: false).write(files)
      } throws: { error in
        "\(error)".contains("cannot be exported to") && "\(error)".contains(reason)
          && "\(error)".hasSuffix("name another folder with --output")
          && ExitStatus(of: error) == .usage
      }
    }
  }

  // MARK: - The card

  private func card(numbers: [String: Double]) -> String {
    ModelCard(
      description: ExportDescription(
        stage: "teacher", step: 12, architecture: "resnet18",
        outputs: Outputs(classes: FaceReport.classNames, text: "")),
      format: .safetensors,
      facts: ModelFacts(
        data: [("Labelled faces", "affectnet/training.csv"), ("Triplets of faces", "")],
        split: "the validation list (validation.csv)", numbers: numbers,
        compared: ["accuracy", "uar"],
        settings: ["model.weights": "/home/someone/resnet18.safetensors", "seed": "1"]),
      run: "say \"cheese\""
    ).text
  }

  @Test("the card's front matter has the numbers that models are compared by")
  func frontMatter() throws {
    let text = card(numbers: ["accuracy": 0.5, "uar": .nan, "ece": 0.25, "step": 12])
    let parts = text.components(separatedBy: "---\n")
    #expect(parts.first == "" && parts[1].contains("license: other\n"))
    #expect(parts[1].contains("- name: \"say \\\"cheese\\\"\"\n"))
    #expect(parts[1].hasSuffix("    - type: accuracy\n      value: 0.5\n"))
    #expect(text.contains("| ece | 0.25 |") && !text.contains("| step |"))
    #expect(!card(numbers: [:]).contains("model-index"))
  }

  @Test("the card says what the model cannot do, and nothing of where it was trained")
  func limits() {
    let text = card(numbers: [:])
    for words in [
      "It does not know what anybody feels", "Detecting lies", "hiring", "Law enforcement",
      "Article 5(1)(f)", "AffectNet", "non-commercial research", "after step 12",
      "The run has no evaluation of these weights",
    ] { #expect(text.contains(words), "\(words)") }
    #expect(text.contains("model.weights=resnet18.safetensors\n") && !text.contains("/home"))
    #expect(text.contains("torchvision.models.resnet18(num_classes=8)"))
  }
}
