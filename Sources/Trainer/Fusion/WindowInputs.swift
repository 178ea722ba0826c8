import Nets

/// The inputs of a plan, by name.
protocol InputArrays {
  /// See `TrainingPlan.floats(input:)`.
  func floats(input name: String) throws -> UnsafeMutableBufferPointer<Float>
  /// See `TrainingPlan.integers(input:)`.
  func integers(input name: String) throws -> UnsafeMutableBufferPointer<Int32>
  /// See `TrainingPlan.pixels(input:)`.
  func pixels(input name: String) throws -> PixelArray
}

extension TrainingPlan: InputArrays {}
extension InferencePlan: InputArrays {}

/// What a plan reads of one modality.
protocol ModalityInput: AnyObject {
  /// Writes a window into a row of the batch.
  ///
  /// - Throws: `WeightsError` where what is kept cannot be read any more.
  func fill(row: Int, frames: Range<Int>, of recording: FusionRecording) throws
  /// Empties a row.
  func clear(row: Int)
}

/// Writes windows of recordings into the inputs of a fusion network's plan.
struct WindowInputs {
  private let inputs: [(modality: Modality, input: any ModalityInput)]
  private let lengths: UnsafeMutableBufferPointer<Int32>

  /// - Parameters:
  ///   - tuned: the backbones that the network has in it.
  ///   - frames: of the longest window.
  ///   - plan: of such a network.
  /// - Throws: `NetsError.unknownArray` where the plan is not such a network's.
  init(
    _ standardisation: Standardisation, tuned: TunedExtractors, frames: Int,
    plan: some InputArrays
  ) throws {
    lengths = try plan.integers(input: "lengths")
    inputs = try Modality.allCases.compactMap { modality in
      guard let scale = standardisation.scales[modality] else { return nil }
      if tuned.contains(modality) {
        let kept = try tuned.input(of: modality, plan: plan)
        return (
          modality,
          try BackboneInput(modality, kept: kept, scale: scale, frames: frames, plan: plan)
        )
      }
      return (modality, try VectorInput(modality, scale: scale, frames: frames, plan: plan))
    }
  }

  /// Writes a window into a row of the batch.
  ///
  /// - Parameter missing: a modality that the network is to do without.
  /// - Throws: `WeightsError` where features cannot be read any more.
  func fill(
    row: Int, with window: FusionWindow, of split: FusionSplit, missing: Modality? = nil
  ) throws {
    lengths[row] = Int32(window.frames.count)
    for (modality, input) in inputs {
      if modality == missing {
        input.clear(row: row)
      } else {
        try input.fill(
          row: row, frames: window.frames, of: split.recordings[window.recording])
      }
    }
  }

  /// Empties a row that no window is for.
  func clear(row: Int) {
    lengths[row] = 0
    for (_, input) in inputs { input.clear(row: row) }
  }
}

/// A modality whose features are given.
///
/// A frame's vector is standardised; a last element says that it is there, 1, or not, 0: then all of
/// it is zeros, which is the mean of the training set.
private final class VectorInput: ModalityInput {
  private let modality: Modality
  private let scale: FeatureScale
  /// Frames of the longest window.
  private let frames: Int
  /// `[windows, T, width + 1]`
  private let values: UnsafeMutableBufferPointer<Float>

  init(_ modality: Modality, scale: FeatureScale, frames: Int, plan: some InputArrays) throws {
    self.modality = modality
    self.scale = scale
    self.frames = frames
    values = try plan.floats(input: modality.rawValue)
  }

  func fill(row: Int, frames: Range<Int>, of recording: FusionRecording) throws {
    guard let file = recording.features[modality] else { return clear(row: row) }
    let values = values(of: row)
    let width = scale.mean.count
    try file.read(
      frames,
      into: UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(rebasing: values[..<(frames.count * width)])))
    standardise(values, frames, present: file.presence)
  }

  func clear(row: Int) { values(of: row).update(repeating: 0) }

  private func values(of row: Int) -> UnsafeMutableBufferPointer<Float> {
    let count = frames * (scale.mean.count + 1)
    return UnsafeMutableBufferPointer(rebasing: values[(row * count)..<((row + 1) * count)])
  }

  /// Spreads rows of `width` features to rows of one more, from the last on, and standardises them.
  private func standardise(
    _ values: UnsafeMutableBufferPointer<Float>, _ frames: Range<Int>, present: [Bool]
  ) {
    let width = scale.mean.count
    for frame in frames.indices.reversed() {
      let (source, target) = (
        (frame - frames.lowerBound) * width, (frame - frames.lowerBound) * (width + 1)
      )
      let isPresent = present[frame]
      values[target + width] = isPresent ? 1 : 0
      for feature in (0..<width).reversed() {
        values[target + feature] =
          isPresent ? (values[source + feature] - scale.mean[feature]) * scale.factor[feature] : 0
      }
    }
    values[(frames.count * (width + 1))...].update(repeating: 0)
  }
}
