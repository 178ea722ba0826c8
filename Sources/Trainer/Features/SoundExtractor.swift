import Media
import Nets

/// An audio network that gives its features for moments of a sound: of the 0.96 s around each.
final class SoundExtractor {
  /// What the network is.
  struct Settings: Equatable, Sendable {
    var network: AudioNetwork
    var precision: Precision
    /// Frames of a pass.
    var batch: Int
    /// A safetensors file.
    var weights: String

    /// Everything that decides features, but for the weights.
    var summary: String {
      "\(network.backbone.rawValue) \(network.frames) × \(network.bands) log-mel, "
        + "\(precision.rawValue), \(batch) at once"
    }
  }

  /// Samples of a frame of a recording: 40 ms.
  static let frameSamples = Int(FrameClock.periodSeconds * Double(LogMelSpectrogram.rate))

  /// Features of a frame.
  let width: Int
  /// Frames of a pass.
  let batch: Int
  /// Samples that a patch reaches back from the start of its frame.
  let samplesBefore: Int
  /// Samples of a pass of `batch` frames.
  let samplesOfPass: Int
  private let patchFrames: Int
  private let plan: InferencePlan
  private let patches: UnsafeMutableBufferPointer<Float>
  private let features: UnsafeMutableBufferPointer<Float>
  private let spectrogram: LogMelSpectrogram
  private var logarithms: [Float]

  /// - Throws: `WeightsError` and `NetsError` naming file and tensor; `MediaError.codec`.
  init(_ settings: Settings) throws {
    batch = settings.batch
    patchFrames = settings.network.frames
    let graph = try settings.network.graph()
    let parameters = try ParameterStore(inferenceFor: graph)
    try ModelSnapshot.loadModel(settings.weights, into: parameters)
    plan = try InferencePlan(
      graph: graph, batch: batch, precision: settings.precision, parameters: parameters)
    patches = try plan.floats(input: "patches")
    features = try plan.output("features")
    width = features.count / batch
    spectrogram = try LogMelSpectrogram()
    let patchSamples =
      (patchFrames - 1) * LogMelSpectrogram.hopSamples + LogMelSpectrogram.windowSamples
    // The middles of patch and frame are the same moment.
    samplesBefore = patchSamples / 2 - Self.frameSamples / 2
    samplesOfPass = (batch - 1) * Self.frameSamples + patchSamples
    logarithms = Array(
      repeating: 0,
      count: LogMelSpectrogram.frameCount(samples: samplesOfPass) * LogMelSpectrogram.bands)
  }

  /// Runs the network on consecutive frames.
  ///
  /// - Parameter samples: `[samplesOfPass]`, from `samplesBefore` ahead of the first frame's start.
  func run(_ samples: UnsafeBufferPointer<Float>) throws {
    let hop = Self.frameSamples / LogMelSpectrogram.hopSamples * LogMelSpectrogram.bands
    let patch = patchFrames * LogMelSpectrogram.bands
    logarithms.withUnsafeMutableBufferPointer { logarithms in
      spectrogram.compute(samples, into: logarithms)
      for place in 0..<batch {
        _ = UnsafeMutableBufferPointer(rebasing: patches[(place * patch)...]).update(
          fromContentsOf: logarithms[(place * hop)..<(place * hop + patch)])
      }
    }
    try plan.run()
  }

  /// What the last pass gave for its frame `place`.
  func features(of place: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(rebasing: features[(place * width)..<((place + 1) * width)])
  }
}
