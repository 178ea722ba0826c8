import Datasets
import Nets

/// What a teacher says about the faces of the student's micro-batches.
protocol TeacherAnswers: AnyObject {
  /// Seconds that it has waited for images.
  var waitedSeconds: Double { get }

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
  let waitedSeconds = 0.0

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
  private let loader: BatchLoader
  private let inference: FaceInference
  private let width: Int
  /// `[rows, width]`
  private var values: [Float]

  /// - Parameters:
  ///   - loader: gives the same faces in the same order as the student's.
  ///   - inference: of the teacher, with weights, for micro-batches of as many faces.
  ///   - layout: what is where in a face's numbers.
  init(loader: BatchLoader, inference: FaceInference, layout: TeacherOutputLayout) {
    self.loader = loader
    self.inference = inference
    width = layout.width
    values = Array(repeating: .nan, count: inference.microBatch * width)
  }

  var waitedSeconds: Double { loader.waitedSeconds }

  func take(_ batch: MicroBatch) throws {
    guard let own = try inference.runNext(of: loader) else {
      preconditionFailure("the teacher's requests are the student's")
    }
    precondition(own.sampleIndices == batch.sampleIndices)
    values.withUnsafeMutableBufferPointer { inference.copyOutputs(of: own, to: $0) }
  }

  func answer(to row: Int) -> ArraySlice<Float> { values[(row * width)..<((row + 1) * width)] }
}
