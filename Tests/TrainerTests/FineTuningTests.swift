import Datasets
import Foundation
import Media
import Nets
import TestSupport
import Testing

@testable import Trainer

/// Extractors that learn with the fusion network: before the first step it is the network that reads the
/// features of frozen ones.
@Suite("Fusion: fine-tuning", .serialized)
struct FineTuningTests {
  private static let frames = 9
  private static let window = 4..<8
  /// Longer than the window: its end is empty.
  private static let length = 5

  private let folder: TemporaryFolder
  private let cache: FeatureCache
  private let configuration: FusionConfiguration
  private let extractors: TunedExtractors

  init() throws {
    try Engine.configure(threads: 1)
    folder = try TemporaryFolder()
    cache = FeatureCache(folder: folder.path)
    configuration = try FusionConfiguration.load(
      file: try folder.write(
        "stage: fusion\ndata: {root: /recola}\nfusion: {visual: eyes, audio: ears}\n"
          + "window: {frames: \(Self.length), overlap: 2}\nmodel: {width: 6, hidden: 5}\n",
        to: "run.yaml")
    ).values
    let eyes = FaceNetwork(
      backbone: ModelDescription(name: .efficientnet_b0, classes: 8, imageSize: 32), hasAffect: true
    )
    let ears = AudioNetwork(backbone: .resnet18, frames: 22, classes: 4)
    extractors = TunedExtractors(
      visual: FilmExtractor.Settings(
        network: eyes,
        augmentation: Augmentation(
          imageSize: 32, cropScale: 1...1, cropRatio: 1...1, flipProbability: 0, brightness: 0,
          contrast: 0, saturation: 0), boxMargin: 1.3, precision: .f32, batch: 3,
        weights: "\(folder.path)/eyes.safetensors"),
      audio: SoundExtractor.Settings(
        network: ears, precision: .f32, batch: 4,
        weights: "\(folder.path)/ears.safetensors"))
  }

  /// Writes the weights that runs would have left.
  private func writeWeights() throws {
    let visual = try #require(extractors.visual)
    let audio = try #require(extractors.audio)
    for (graph, path) in [
      (try visual.network.graph(), visual.weights), (try audio.network.graph(), audio.weights),
    ] {
      let store = try ParameterStore(inferenceFor: graph)
      try store.initialize(seed: 1)
      let tensors = try store.modelTensors().map { tensor in
        // Without them an image does not come through an EfficientNet of random weights.
        tensor.name.hasSuffix(".running_var") && path == visual.weights
          ? try Tensor(
            name: tensor.name, shape: tensor.shape,
            floats: Array(repeating: 0.1, count: tensor.shape[0])) : tensor
      }
      try Safetensors.write(tensors, to: path)
    }
  }

  // MARK: - What is kept

  /// The faces of a film, of which two frames have none.
  private func table(of rows: any FaceRows) throws -> FeatureTable {
    let pixels = PixelBuffer(width: 80, height: 60)
    var table = FeatureTable(frames: Self.frames, width: rows.width, type: rows.type)
    for frame in 0..<Self.frames where frame != 2 && frame != 5 {
      for index in pixels.bytes.indices {
        let (x, y) = (index / 4 % 80, index / 320)
        pixels.bytes[index] = UInt8((x * (frame + 1) + y * y / 7 + index % 4 * 60) % 256)
      }
      let region = FaceRegion(x: 20 + Float(frame), y: 10, width: 30, height: 32)
      rows.set(TrackedFace(region: region), in: pixels, place: 0)
      try rows.run()
      rows.copyRow(of: 0, to: &table, frame: frame)
    }
    return table
  }

  private func table(of rows: any SoundRows) throws -> FeatureTable {
    let path = "\(folder.path)/sound.wav"
    let sound = try WAVWriter(path, rate: LogMelSpectrogram.rate)
    // Shorter than the frames, by less than is tolerated.
    try sound.write(
      (0..<(Self.frames * 640 - 200)).map { 0.4 * sin(Float($0 * ($0 / 900 + 1)) / 40) })
    try sound.close()
    let work = try SoundWork(file: path, frames: 0..<Self.frames, extractor: rows)
    while try work.advance() {}
    return work.table
  }

  private func file(_ name: String, _ table: FeatureTable) throws -> FeatureFile {
    let path = "\(folder.path)/\(name).safetensors"
    try cache.write(table, metadata: [:], to: path)
    let file = try FeatureFile(path: path, frames: table.presence.count, type: table.type)
    try file.verify()
    return file
  }

  /// A recording with the features of frozen extractors, and what these read.
  private func recording() throws -> FusionRecording {
    let visual = try #require(extractors.visual)
    let audio = try #require(extractors.audio)
    return FusionRecording(
      name: "train_1", labels: [], frameCount: Self.frames,
      features: [
        .visual: try file("visual", table(of: FilmExtractor(visual))),
        .audio: try file("audio", table(of: SoundExtractor(audio))),
      ],
      inputs: [
        .visual: try file("faces", table(of: FaceCrops(visual.cutting, batch: 3))),
        .audio: try file("energies", table(of: LogMelRows(audio.place, batch: 4))),
      ], contentDigests: [])
  }

  @Test("energies that are kept are those of every patch, silence around the sound included")
  func energies() throws {
    let settings = try #require(extractors.audio)
    let table = try table(of: LogMelRows(settings.place, batch: 4))
    #expect(table.presence.count == Self.frames + 5 && table.presence.allSatisfy { $0 == 1 })
    let values = table.bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    var padded = [Float](repeating: 0, count: settings.place.samplesBefore)
    let reader = AudioReader(rate: LogMelSpectrogram.rate)
    try reader.open("\(folder.path)/sound.wav")
    padded += try reader.read(seconds: 0..<1)
    padded += [Float](repeating: 0, count: 10_000)
    for frame in 0..<Self.frames {
      let samples = padded[(frame * 640)..<(frame * 640 + 21 * 160 + 400)]
      let patch = try LogMelSpectrogram().frames(of: Array(samples))
      #expect(patch == Array(values[(frame * 256)..<(frame * 256 + 22 * 64)]), "\(frame)")
    }
  }

  // MARK: - The network

  private func standardisation(_ recording: FusionRecording) throws -> Standardisation {
    var tensors: [Tensor] = []
    for (modality, file) in recording.features {
      let scale = try FeatureMoments(file).scale
      for (name, values) in [("mean", scale.mean), ("factor", scale.factor)] {
        tensors.append(
          try Tensor(name: "\(modality).\(name)", shape: [values.count], floats: values))
      }
    }
    let path = "\(folder.path)/standardisation.safetensors"
    try Safetensors.write(tensors, to: path)
    return try Standardisation(path: path, modalities: Modality.allCases)
  }

  /// A network of these tuned extractors, for batches of two windows.
  private struct Network {
    let plan: InferencePlan
    let inputs: WindowInputs
    let split: FusionSplit

    /// What is predicted for the window.
    func predictions(missing: Modality? = nil) throws -> [Float] {
      // What was there before must not matter.
      for row in [1, 0] {
        try inputs.fill(
          row: row, with: FusionWindow(recording: 0, frames: 0..<FineTuningTests.length), of: split)
      }
      try inputs.fill(
        row: 1, with: FusionWindow(recording: 0, frames: FineTuningTests.window), of: split,
        missing: missing)
      inputs.clear(row: 0)
      try plan.run()
      return Array(try plan.output("predictions"))
    }
  }

  private func network(
    _ recording: FusionRecording, tuned: TunedExtractors, weights: [Tensor],
    precision: Precision = .f32, pixels: PixelFormat.Choice = .plain
  ) throws -> Network {
    let standardisation = try standardisation(recording)
    let graph = try configuration.network(widths: standardisation.widths, tuned: tuned)
      .network().graph
    let store = try ParameterStore(inferenceFor: graph)
    let names = Set(try store.modelTensors().map(\.name))
    try store.loadModel(weights.filter { names.contains($0.name) }, file: "weights")
    let plan = try InferencePlan(
      graph: graph, batch: 2, precision: precision, parameters: store, pixels: pixels)
    let inputs = try WindowInputs(
      standardisation, tuned: tuned, frames: Self.length, plan: plan)
    return Network(plan: plan, inputs: inputs, split: FusionSplit(recordings: [recording]))
  }

  /// The weights of the network with both backbones in it, as a run begins.
  private func initialWeights(_ recording: FusionRecording) throws -> [Tensor] {
    let widths = try standardisation(recording).widths
    let store = try ParameterStore(
      inferenceFor: configuration.network(widths: widths, tuned: extractors).network().graph)
    try store.initialize(seed: 3)
    let files = try extractors.loadWeights(into: store)
    #expect(files == [extractors.visual?.weights, extractors.audio?.weights])
    return try store.modelTensors()
  }

  private func difference(_ one: [Float], _ other: [Float]) -> Float {
    #expect(one.count == other.count)
    return zip(one, other).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test("before the first step the network is that of frozen extractors, in each format of a plan")
  func atTheStart() throws {
    try writeWeights()
    let recording = try recording()
    let weights = try initialWeights(recording)
    let frozen = try network(recording, tuned: .none, weights: weights)
    let expected = try frozen.predictions()
    #expect(Set(expected).count > 4)

    let both = try network(recording, tuned: extractors, weights: weights, pixels: .asRead)
    // Faces are kept in bytes; the extractor has seen them before they were rounded.
    #expect(try difference(both.predictions(), expected) < 0.05)
    for missing in Modality.allCases {
      let difference = try difference(
        both.predictions(missing: missing), frozen.predictions(missing: missing))
      #expect(difference < (missing == .visual ? 1e-5 : 0.05))
    }
    if Engine.capabilities.bfloat16 != .missing {
      let rough = try network(
        recording, tuned: extractors, weights: weights, precision: .bf16, pixels: .asRead)
      #expect(try difference(rough.predictions(), expected) < 0.15)
    }
    // There is something to see and to hear, of which this depends.
    for scale in try standardisation(recording).scales.values {
      #expect(scale.factor.count { $0 != 1 } > scale.factor.count / 4)
    }
  }

  @Test("names of what networks read say what decides it, and not the weights")
  func keys() throws {
    func key(_ extractor: String = "32 px", weights: String? = nil) -> FeatureKey {
      FeatureKey(
        modality: .visual, frames: 0..<3, extractor: extractor, weights: weights, media: "m",
        faces: "list")
    }
    #expect(key().content == .inputs && key().type == .u8)
    #expect(key(weights: "w").content == .features && key(weights: "w").type == .f32)
    #expect(try key().contentDigest() != key(weights: "w").contentDigest())
    #expect(try key().contentDigest() != key("48 px").contentDigest())
    let path = cache.path(recording: "dev_1", modality: .visual, content: .inputs, digest: "0")
    #expect(path.hasSuffix("/dev_1.visual-inputs.0.safetensors"))
  }
}
