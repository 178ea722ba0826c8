import Foundation
import Nets

/// Mean and scale of each feature over the training set: what its network sees is standardised.
struct FeatureScale: Equatable, Sendable {
  /// `[width]`
  let mean: [Float]
  /// One over the deviation, `[width]`; 1 for a feature that never changes.
  let factor: [Float]
}

/// Sums of features over frames, joined pair by pair: the same in whichever order ranks made the parts.
///
/// - Source: T. Chan, G. Golub and R. LeVeque, "Updating formulae and a pairwise algorithm for
///   computing sample variances", 1979.
struct FeatureMoments {
  private var count = 0.0
  private var mean: [Double]
  /// Sums of squared distances from the mean.
  private var squares: [Double]

  /// Of no frames.
  init(width: Int) {
    mean = Array(repeating: 0, count: width)
    squares = mean
  }

  /// Of the frames of a recording that have features, which are read in pieces.
  ///
  /// - Throws: `WeightsError` where the file was cut short.
  init(_ file: any FrameSource) throws {
    self.init(width: file.width)
    let piece = 256
    var rows = [Float](repeating: 0, count: piece * file.width)
    for start in stride(from: 0, to: file.presence.count, by: piece) {
      let frames = start..<min(start + piece, file.presence.count)
      try rows[..<(frames.count * file.width)].withUnsafeMutableBytes {
        try file.read(frames, into: $0)
      }
      for frame in frames where file.presence[frame] {
        add(rows[((frame - start) * file.width)..<((frame - start + 1) * file.width)])
      }
    }
  }

  private mutating func add(_ vector: ArraySlice<Float>) {
    count += 1
    for (index, value) in vector.enumerated() {
      let distance = Double(value) - mean[index]
      mean[index] += distance / count
      squares[index] += distance * (Double(value) - mean[index])
    }
  }

  /// Takes the frames of another.
  mutating func add(_ other: FeatureMoments) {
    guard other.count > 0 else { return }
    let total = count + other.count
    for index in mean.indices {
      let distance = other.mean[index] - mean[index]
      mean[index] += distance * other.count / total
      squares[index] += other.squares[index] + distance * distance * count * other.count / total
    }
    count = total
  }

  /// What standardises features.
  var scale: FeatureScale {
    FeatureScale(
      mean: mean.map(Float.init),
      factor: squares.indices.map { index in
        let deviation = (squares[index] / max(1, count)).squareRoot()
        // Rounding leaves a little of a feature that never changes.
        let isConstant = deviation <= 1e-6 * max(1e-6, abs(mean[index]))
        return isConstant ? 1 : Float(1 / deviation)
      })
  }

  /// As numbers that ranks send.
  var numbers: [Double] { [count] + mean + squares }

  /// - Parameter numbers: as `numbers` gave them.
  init(numbers: [Double]) {
    let width = (numbers.count - 1) / 2
    count = numbers[0]
    mean = Array(numbers[1..<(1 + width)])
    squares = Array(numbers[(1 + width)...])
  }
}

/// What standardises the features of each modality: stored in the run folder, for whoever uses the
/// network later.
struct Standardisation: Equatable {
  private(set) var scales: [Modality: FeatureScale]

  /// Features of each modality.
  var widths: [Modality: Int] { scales.mapValues(\.mean.count) }

  /// Over a training set. Collective: each rank goes through its part of the recordings, and sums
  /// join in the order of the list.
  init(of split: FusionSplit, modalities: [Modality], job: Job) throws {
    scales = [:]
    let ranks = job.communicator.worldSize
    for modality in modalities {
      let files = split.recordings.compactMap { $0.features[modality] }
      let own = try job.agreement.together {
        try stride(from: job.rank, to: files.count, by: ranks).flatMap {
          try FeatureMoments(files[$0]).numbers
        }
      }
      let width = files.first?.width ?? 0
      let all = try job.communicator.allGather(ByteCoding.bytes(of: own))
        .map { ByteCoding.values(in: $0[...]) as [Double] }
      var moments = FeatureMoments(width: width)
      for index in files.indices {
        let first = index / ranks * (1 + 2 * width)
        moments.add(
          FeatureMoments(numbers: Array(all[index % ranks][first..<(first + 1 + 2 * width)])))
      }
      scales[modality] = moments.scale
    }
  }

  /// Reads what a run stored.
  ///
  /// - Throws: `WeightsError` naming the file.
  init(path: String, modalities: [Modality]) throws {
    let file = try SafetensorsReader(path: path)
    scales = [:]
    for modality in modalities {
      scales[modality] = FeatureScale(
        mean: try file.tensor("\(modality.rawValue).mean").floats(),
        factor: try file.tensor("\(modality.rawValue).factor").floats())
    }
  }

  /// Writes it beside its place and renames.
  func write(to path: String) throws {
    let tensors = try scales.flatMap { modality, scale in
      [
        try Tensor(
          name: "\(modality.rawValue).mean", shape: [scale.mean.count], floats: scale.mean),
        try Tensor(
          name: "\(modality.rawValue).factor", shape: [scale.factor.count], floats: scale.factor),
      ]
    }
    try DurableFiles.replace(path, with: tensors.map(TensorSource.init))
  }
}
