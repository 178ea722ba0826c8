import Media
import Nets

/// Where the log-mel patch of a frame lies in a sound: the middles of both are the same moment.
struct PatchPlace: Equatable, Sendable {
  /// Samples of a frame of a recording: 40 ms.
  static let frameSamples = Int(FrameClock.periodSeconds * Double(LogMelSpectrogram.rate))
  /// Frames of a spectrogram in a frame of a recording.
  static let hopsOfFrame = frameSamples / LogMelSpectrogram.hopSamples

  /// Frames of a patch, 10 ms each.
  var frames: Int

  /// Samples that a patch reaches back from the start of its frame.
  var samplesBefore: Int { samples(hops: frames) / 2 - Self.frameSamples / 2 }

  /// Frames of a recording behind the last, into which its patch reaches.
  var framesBehind: Int { (frames - 1) / Self.hopsOfFrame }

  /// Samples that consecutive frames of a spectrogram are computed from.
  func samples(hops: Int) -> Int {
    (hops - 1) * LogMelSpectrogram.hopSamples + LogMelSpectrogram.windowSamples
  }
}

/// An audio network that gives its features for moments of a sound: of the 0.96 s around each.
package final class SoundExtractor: SoundRows {
  /// What the network is.
  package struct Settings: Equatable, Sendable {
    package var network: AudioNetwork
    package var precision: Precision
    /// Frames of a pass.
    package var batch: Int
    /// A safetensors file.
    package var weights: String

    /// Where patches lie.
    var place: PatchPlace { PatchPlace(frames: network.frames) }

    /// Everything that decides features, but for the weights.
    var summary: String {
      "\(network.backbone.rawValue) \(network.frames) × \(network.bands) log-mel, "
        + "\(precision.rawValue), \(batch) at once"
    }
  }

  /// Numbers of a table's row.
  package var width: Int { tableLayout.width }
  /// Where `row(of:)` has each output.
  package var layout: RowLayout { network.layout }
  /// Where a table's row has each output.
  package let tableLayout: RowLayout
  package let type = TensorType.f32
  package var batch: Int { network.batch }
  package let samplesBefore: Int
  package let samplesOfPass: Int
  package let rowsBehind = 0
  private let patchFrames: Int
  private let network: FeatureNetwork
  /// How many of the outputs tables do not have.
  private let untabled: Int
  private let spectrogram: LogMelSpectrogram
  private var logarithms: [Float]

  /// - Parameters:
  ///   - outputs: of the network, which `row(of:)` has beside each other.
  ///   - untabled: the first of them, which tables do not have: features of hours would take gigabytes.
  /// - Throws: `WeightsError` and `NetsError` naming file and tensor; `MediaError.codec`.
  package init(
    _ settings: Settings, outputs: [String] = ["features"], untabled: [String] = []
  ) throws {
    patchFrames = settings.network.frames
    network = try FeatureNetwork(
      settings.network.graph(), input: "patches", outputs: outputs, weights: settings.weights,
      precision: settings.precision, batch: settings.batch)
    self.untabled = untabled.count
    tableLayout = network.layout.dropping(untabled)
    spectrogram = try LogMelSpectrogram()
    samplesBefore = settings.place.samplesBefore
    samplesOfPass =
      (settings.batch - 1) * PatchPlace.frameSamples + settings.place.samples(hops: patchFrames)
    logarithms = Array(
      repeating: 0,
      count: LogMelSpectrogram.frameCount(samples: samplesOfPass) * LogMelSpectrogram.bands)
  }

  package func run(_ samples: UnsafeBufferPointer<Float>) throws {
    let hop = PatchPlace.hopsOfFrame * LogMelSpectrogram.bands
    let patch = patchFrames * LogMelSpectrogram.bands
    logarithms.withUnsafeMutableBufferPointer { logarithms in
      spectrogram.compute(samples, into: logarithms)
      for place in 0..<batch {
        _ = UnsafeMutableBufferPointer(rebasing: network.input[(place * patch)...]).update(
          fromContentsOf: logarithms[(place * hop)..<(place * hop + patch)])
      }
    }
    try network.run()
  }

  /// What the last pass made for a place.
  func row(of place: Int) -> [Float] { network.row(of: place) }

  package func copyRow(of place: Int, to table: inout FeatureTable, frame: Int) {
    network.copyRow(of: place, from: untabled, to: &table, frame: frame)
  }
}

/// The log-mel energies of a sound, 40 ms a row: what is kept for networks that still learn. The patch of
/// a frame is its own row and those behind it.
///
/// - Shapes: a row is `[4, bands]`.
final class LogMelRows: SoundRows {
  let width = PatchPlace.hopsOfFrame * LogMelSpectrogram.bands
  let type = TensorType.f32
  let batch: Int
  let samplesBefore: Int
  let samplesOfPass: Int
  let rowsBehind: Int
  private let spectrogram: LogMelSpectrogram
  private var logarithms: [Float]

  /// - Parameter batch: frames of a pass.
  /// - Throws: `MediaError.codec`.
  init(_ place: PatchPlace, batch: Int) throws {
    self.batch = batch
    samplesBefore = place.samplesBefore
    samplesOfPass = place.samples(hops: batch * PatchPlace.hopsOfFrame)
    rowsBehind = place.framesBehind
    spectrogram = try LogMelSpectrogram()
    logarithms = Array(repeating: 0, count: batch * width)
  }

  func run(_ samples: UnsafeBufferPointer<Float>) {
    logarithms.withUnsafeMutableBufferPointer { spectrogram.compute(samples, into: $0) }
  }

  func copyRow(of place: Int, to table: inout FeatureTable, frame: Int) {
    logarithms[(place * width)..<((place + 1) * width)].withUnsafeBytes {
      table.set($0, frame: frame)
    }
  }
}
