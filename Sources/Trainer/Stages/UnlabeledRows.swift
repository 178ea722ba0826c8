import Datasets
import Nets

/// The rows of a micro-batch that are faces without labels.
final class UnlabeledRows {
  let loader: BatchLoader
  private let images: UnsafeMutableRawBufferPointer
  /// Faces are counted from here on among the samples of a run that cannot be used.
  private let firstNumber: Int32

  /// - Parameters:
  ///   - rows: of the plan's batch.
  ///   - loader: gives the faces of this rank's micro-batches, in the order of the steps.
  ///   - firstNumber: how many samples have a number already.
  /// - Throws: `NetsError.unknownArray` where the plan is not such a network's.
  init(plan: TrainingPlan, rows: Range<Int>, loader: BatchLoader, firstNumber: Int) throws {
    self.loader = loader
    self.firstNumber = Int32(clamping: firstNumber)
    images = try plan.pixels(input: "images").rows(rows, of: plan.microBatch)
  }

  /// Takes the next micro-batch.
  func fill() throws -> MicroBatch {
    guard let batch = try loader.next(into: images) else {
      preconditionFailure("the requests cover every step of the training")
    }
    return batch
  }

  /// Problems of these faces, with their numbers among the samples of the run.
  func numbered(_ problems: [SampleProblem]) -> [SampleProblem] {
    problems.numbered(from: firstNumber)
  }
}

extension [SampleProblem] {
  /// The problems of a list whose samples are numbered behind those of other lists.
  func numbered(from first: Int32) -> [SampleProblem] {
    map { problem in
      var problem = problem
      problem.sample = first &+ problem.sample
      return problem
    }
  }
}
