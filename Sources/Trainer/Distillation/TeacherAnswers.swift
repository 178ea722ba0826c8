import Datasets
import Nets

/// What a teacher says about the faces of the student's micro-batches.
protocol TeacherAnswers: AnyObject {
  /// What it reads images with; nil where it needs none.
  var loader: BatchLoader? { get }

  /// Asks about the next micro-batch, the one that the student has just taken.
  func take(_ batch: MicroBatch) throws

  /// The numbers of one of its faces, in the layout of the teacher; not a number where there are none.
  func answer(to row: Int) -> ArraySlice<Float>
}

/// Answers that were stored before the training began.
final class StoredAnswers: TeacherAnswers {
  private let outputs: TeacherOutputs
  private let unknown: [Float]
  private var faces: [Int32] = []
  let loader: BatchLoader? = nil

  /// - Parameter outputs: of the list that micro-batches are of.
  init(_ outputs: TeacherOutputs) {
    self.outputs = outputs
    unknown = Array(repeating: .nan, count: outputs.layout.width)
  }

  func take(_ batch: MicroBatch) { faces = batch.sampleIndices }

  func answer(to row: Int) -> ArraySlice<Float> {
    faces[row] < 0 ? unknown[...] : outputs[Int(faces[row])]
  }
}

/// Answers to what the student sees, but for the noise that is added for it.
final class LiveAnswers: TeacherAnswers {
  /// Runs the teacher on the next micro-batch that `loader` has, and writes what it says to an array; nil
  /// after the last.
  ///
  /// - Shapes: the array is `[rows, width]`; rows of samples without weight stay as they are.
  typealias Ask = (UnsafeMutableBufferPointer<Float>) throws -> MicroBatch?

  let loader: BatchLoader?
  private let askNext: Ask
  private let width: Int
  /// `[rows, width]`
  private var values: [Float]

  /// - Parameters:
  ///   - loader: what `askNext` reads with: the same faces in the same order as the student's.
  ///   - width: numbers of a face.
  init(loader: BatchLoader?, rows: Int, width: Int, askNext: @escaping Ask) {
    self.loader = loader
    self.askNext = askNext
    self.width = width
    values = Array(repeating: .nan, count: rows * width)
  }

  /// Answers of a network.
  ///
  /// - Parameters:
  ///   - inference: of the teacher, with weights, for micro-batches of as many faces.
  ///   - layout: what is where in a face's numbers.
  convenience init(loader: BatchLoader, inference: FaceInference, layout: TeacherOutputLayout) {
    self.init(loader: loader, rows: inference.microBatch, width: layout.width) { values in
      guard let batch = try inference.runNext(of: loader) else { return nil }
      inference.copyOutputs(of: batch, to: values)
      return batch
    }
  }

  func take(_ batch: MicroBatch) throws {
    try values.withUnsafeMutableBufferPointer { values in
      values.update(repeating: .nan)
      guard let own = try askNext(values) else {
        preconditionFailure("the teacher's requests are the student's")
      }
      // A file that came or went between the two readings gave one of them another face instead.
      for row in own.sampleIndices.indices
      where own.sampleIndices[row] != batch.sampleIndices[row] {
        UnsafeMutableBufferPointer(rebasing: values[(row * width)..<((row + 1) * width)])
          .update(repeating: .nan)
      }
    }
  }

  func answer(to row: Int) -> ArraySlice<Float> { values[(row * width)..<((row + 1) * width)] }
}
