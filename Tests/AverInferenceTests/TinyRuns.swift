import Datasets
import Foundation
import Media
import Nets
import TestSupport

@testable import Trainer

/// Run folders as trainings leave them, of small networks with random weights.
struct TinyRuns {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try write(
      "eyes",
      "stage: teacher\nmodel: {name: resnet10_x0_25, image_size: 32}\ndata: {root: /faces}\n"
        + "loss: {concordance: 1}\nbatch: {global: 8, micro: 8}\n",
      TeacherConfiguration.self
    ) { try $0.network.graph() }
    try write(
      "ears",
      "stage: audio\nmodel: {name: resnet10_x0_25}\ndata: {root: /speech}\n"
        + "loss: {concordance: 1}\nbatch: {global: 8, micro: 8}\n", AudioConfiguration.self
    ) { try $0.network.graph() }
    try writeFusion("both", "modality_dropout: 0.3")
    try writeFusion("tuned", "fine_tune: both")
  }

  /// The path of a run, or of another file of the folder.
  func path(_ name: String) -> String { "\(folder.path)/\(name)" }

  private func write<Configuration: StageConfiguration>(
    _ run: String, _ text: String, _ type: Configuration.Type,
    graph: (Configuration) throws -> Graph
  ) throws {
    try DurableFiles.makeFolder(path("\(run)/final"))
    let file = try folder.write(text, to: "\(run)/config.yaml")
    let store = try ParameterStore(inferenceFor: graph(Configuration.load(file: file).values))
    try store.initialize(seed: 3)
    try Safetensors.write(
      try store.modelTensors(), metadata: ["step": "7"], to: weights(of: run))
  }

  /// The path of a run's weights.
  func weights(of run: String) -> String { path("\(run)/final/model.safetensors") }

  /// Writes a run's weights once more, with other facts or one parameter of other numbers.
  func rewrite(
    _ run: String, facts: [String: String] = [:], filling name: String? = nil, with value: Float = 0
  ) throws {
    let tensors = try SafetensorsReader(path: weights(of: run)).tensors().map { tensor in
      tensor.name == name
        ? try Tensor(
          name: tensor.name, shape: tensor.shape,
          floats: Array(repeating: value, count: tensor.elementCount)) : tensor
    }
    try Safetensors.write(
      tensors, metadata: facts.merging(["step": "7"]) { $1 }, to: weights(of: run))
  }

  private func writeFusion(_ run: String, _ setting: String) throws {
    let text =
      "stage: fusion\nfusion: {visual: \(path("eyes")), audio: \(path("ears")), \(setting)}\n"
      + "data: {root: /recola}\nmodel: {width: 6, hidden: 5}\nwindow: {frames: 20, overlap: 10}\n"
      + "faces: {interval_seconds: 0.2}\ndelay_seconds: 0.2\nbatch: {global: 4, micro: 2}\n"
    try DurableFiles.makeFolder(path(run))
    let file = try folder.write(text, to: "\(run)/config.yaml")
    let tuned = try FusionExtractors(FusionConfiguration.load(file: file)).tuned
    let widths = [Modality.visual: 128, .audio: 128]
    try write(run, text, FusionConfiguration.self) {
      try $0.network(widths: widths, tuned: tuned).network().graph
    }
    let ramp = (0..<128).map { Float($0) / 64 }
    try Safetensors.write(
      try ["visual", "audio"].flatMap {
        [
          try Tensor(name: "\($0).mean", shape: [128], floats: ramp),
          try Tensor(name: "\($0).factor", shape: [128], floats: ramp.map { 1 + $0 }),
        ]
      }, to: path("\(run)/standardisation.safetensors"))
  }
}

/// A photograph of one face, and what is made of it.
enum Photo {
  static let path = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "MediaTests/Fixtures/face.jpg").path

  /// Writes a film that shows the photograph, at first without the face, with a tone or without sound.
  static func film(
    _ file: String, frames: Int = 40, faceless: Int = 10, rate: Int = 25, tone: Bool
  ) throws {
    let (decoder, pixels) = (try ImageDecoder(), PixelBuffer())
    _ = try decoder.open(path)
    try decoder.decode(into: pixels)
    let size = ImageSize(width: pixels.width & ~1, height: pixels.height & ~1)
    let (picture, blank) = (
      PixelBuffer(width: size.width, height: size.height),
      PixelBuffer(width: size.width, height: size.height)
    )
    blank.bytes.update(repeating: 90)
    for row in 0..<size.height {
      let from = 4 * row * pixels.width
      _ = UnsafeMutableBufferPointer(rebasing: picture.bytes[(4 * row * size.width)...]).update(
        fromContentsOf: pixels.bytes[from..<(from + 4 * size.width)])
    }
    var settings = VideoWriter.Settings(size: size)
    settings.rateFrames = rate
    settings.soundRate = tone ? 16_000 : nil
    let writer = try VideoWriter(file, settings)
    for frame in 0..<frames {
      try writer.append(frame < faceless ? blank : picture)
      guard tone else { continue }
      try (0..<640).map { sinf(Float(frame * 640 + $0) * 0.2) / 2 }.withUnsafeBufferPointer {
        try writer.append(samples: $0)
      }
    }
    try writer.finish()
  }
}
