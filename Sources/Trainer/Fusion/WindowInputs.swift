import Nets

/// Writes windows of recordings into the inputs of a fusion network's plan.
///
/// A frame's vector is standardised; a last element says that it is there, 1, or not, 0: then all of
/// it is zeros, which is the mean of the training set.
struct WindowInputs {
  private struct Input {
    var modality: Modality
    var scale: FeatureScale
    /// `[windows, T, width + 1]`
    var values: UnsafeMutableBufferPointer<Float>
  }

  private let inputs: [Input]
  private let lengths: UnsafeMutableBufferPointer<Int32>
  /// Frames of the longest window.
  private let frames: Int

  /// - Parameters:
  ///   - floats: a plan's input by its name.
  ///   - lengths: the plan's input of that name.
  init(
    _ standardisation: Standardisation, frames: Int,
    lengths: UnsafeMutableBufferPointer<Int32>,
    floats: (String) throws -> UnsafeMutableBufferPointer<Float>
  ) rethrows {
    self.frames = frames
    self.lengths = lengths
    inputs = try Modality.allCases.compactMap { modality in
      try standardisation.scales[modality].map {
        Input(modality: modality, scale: $0, values: try floats(modality.rawValue))
      }
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
    for input in inputs {
      let width = input.scale.mean.count
      let count = frames * (width + 1)
      let values = UnsafeMutableBufferPointer(
        rebasing: input.values[(row * count)..<((row + 1) * count)])
      guard input.modality != missing,
        let file = split.recordings[window.recording].features[input.modality]
      else {
        values.update(repeating: 0)
        continue
      }
      try file.read(
        window.frames,
        into: UnsafeMutableBufferPointer(rebasing: values[..<(window.frames.count * width)]))
      standardise(values, window, by: input.scale, present: file.presence)
    }
  }

  /// Empties a row that no window is for.
  func clear(row: Int) {
    lengths[row] = 0
    for input in inputs {
      let count = frames * (input.scale.mean.count + 1)
      UnsafeMutableBufferPointer(rebasing: input.values[(row * count)..<((row + 1) * count)])
        .update(repeating: 0)
    }
  }

  /// Spreads rows of `width` features to rows of one more, from the last on, and standardises them.
  private func standardise(
    _ values: UnsafeMutableBufferPointer<Float>, _ window: FusionWindow, by scale: FeatureScale,
    present: [Bool]
  ) {
    let width = scale.mean.count
    for frame in window.frames.indices.reversed() {
      let (source, target) = (
        (frame - window.frames.lowerBound) * width, (frame - window.frames.lowerBound) * (width + 1)
      )
      let isPresent = present[frame]
      values[target + width] = isPresent ? 1 : 0
      for feature in (0..<width).reversed() {
        values[target + feature] =
          isPresent ? (values[source + feature] - scale.mean[feature]) * scale.factor[feature] : 0
      }
    }
    values[(window.frames.count * (width + 1))...].update(repeating: 0)
  }
}
