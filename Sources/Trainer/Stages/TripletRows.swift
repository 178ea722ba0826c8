import Datasets
import Nets

/// The rows of a micro-batch that are triplets of faces.
final class TripletRows {
  let loader: BatchLoader
  private let images: UnsafeMutableRawBufferPointer
  /// `[triplets]` each.
  private let margins: UnsafeMutableBufferPointer<Float>
  private let weights: UnsafeMutableBufferPointer<Float>
  private var nextMargins: TripletMargins
  /// Faces are counted from here on among the samples of a run that cannot be used.
  private let firstNumber: Int32

  /// - Parameters:
  ///   - rows: the last rows of the plan's batch, three a triplet.
  ///   - loader: gives the faces of this rank's micro-batches, in the order of the steps.
  ///   - margins: of the same micro-batches.
  ///   - firstNumber: how many samples have a number already.
  /// - Throws: `NetsError.unknownArray` where the plan has no loss for triplets.
  init(
    plan: TrainingPlan, rows: Range<Int>, loader: BatchLoader, margins: TripletMargins,
    firstNumber: Int
  ) throws {
    self.loader = loader
    nextMargins = margins
    self.firstNumber = Int32(clamping: firstNumber)
    images = try plan.pixels(input: "images").rows(rows, of: plan.microBatch)
    self.margins = try plan.floats(input: "triplet_margins")
    weights = try plan.floats(input: "triplet_weights")
  }

  /// Takes the next micro-batch; a triplet counts where all of its faces could be read.
  func fill() throws {
    guard let batch = try loader.next(into: images), let next = nextMargins.next() else {
      preconditionFailure("the requests cover every step of the training")
    }
    for (triplet, margin) in next.enumerated() {
      margins[triplet] = margin
      weights[triplet] = batch.weights[(3 * triplet)..<(3 * triplet + 3)].min() ?? 0
    }
  }

  /// The faces that could not be used and have not been asked for yet, each once.
  func takeProblems() -> [SampleProblem] { loader.takeProblems().numbered(from: firstNumber) }
}
