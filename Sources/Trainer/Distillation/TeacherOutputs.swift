import Datasets
import Foundation

/// What a teacher says about each face of a list.
struct TeacherOutputs {
  /// What is where in a face's numbers.
  let layout: TeacherOutputLayout
  /// `[faces, layout.width]`; not a number for faces that could not be read.
  private(set) var values: [Float] = []
  /// The faces that could not be read, in the order of the list.
  var problems: [SampleProblem] = []

  /// No faces yet.
  init(layout: TeacherOutputLayout) { self.layout = layout }

  /// Faces so far.
  var count: Int { values.count / layout.width }

  /// Adds faces.
  ///
  /// - Shapes: `rows` is `[faces, layout.width]`.
  mutating func append(_ rows: [Float]) {
    precondition(rows.count.isMultiple(of: layout.width))
    values += rows
  }

  /// The numbers of a face.
  subscript(face: Int) -> ArraySlice<Float> {
    values[(face * layout.width)..<((face + 1) * layout.width)]
  }

  /// The rows of faces that nothing is known of, in whole micro-batches.
  ///
  /// Micro-batches of the same faces give the same bits, whether the teacher is asked about all faces or
  /// about some again.
  ///
  /// - Parameter rows: `[faces, layout.width]`, the first face being the first of a micro-batch.
  static func unanswered(
    in rows: [Float], layout: TeacherOutputLayout, microBatch: Int
  ) -> [Range<Int>] {
    let faces = rows.count / layout.width
    return stride(from: 0, to: faces, by: microBatch).reduce(into: []) { ranges, start in
      let end = min(start + microBatch, faces)
      let isKnown = (start..<end).allSatisfy { !rows[$0 * layout.width].isNaN }
      if isKnown { return }
      if let last = ranges.last, last.upperBound == start {
        ranges[ranges.count - 1] = last.lowerBound..<end
      } else {
        ranges.append(start..<end)
      }
    }
  }

  /// The likeliest class of a face and its probability; nil where the face could not be read, or the
  /// teacher's outputs are not finite.
  func opinion(of face: Int) -> (label: Int, probability: Double)? {
    let row = self[face]
    guard row.allSatisfy(\.isFinite) else { return nil }
    let probabilities = SoftenedClasses(row.prefix(layout.classes))
    let label = probabilities.likeliest
    return (label, probabilities[label])
  }
}

/// The probabilities that logits stand for at a temperature, in double precision, one at a time: nothing
/// is stored.
struct SoftenedClasses {
  private let logits: ArraySlice<Float>
  private let temperature: Double
  private let largest: Double
  private let sum: Double
  /// The first of the likeliest classes.
  let likeliest: Int

  init(_ logits: ArraySlice<Float>, temperature: Double = 1) {
    self.logits = logits
    self.temperature = temperature
    let top = logits.indices.dropFirst().reduce(logits.startIndex) {
      logits[$1] > logits[$0] ? $1 : $0
    }
    likeliest = top - logits.startIndex
    let largest = Double(logits[top])
    self.largest = largest
    sum = logits.reduce(0) { $0 + exp((Double($1) - largest) / temperature) }
  }

  /// The probability of a class.
  subscript(label: Int) -> Double {
    exp((Double(logits[logits.startIndex + label]) - largest) / temperature) / sum
  }
}
