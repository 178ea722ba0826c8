import Foundation

/// What stands beside an image in a shard: `key.json`, or the class alone in `key.cls`.
///
/// All fields may be missing: a face without labels.
struct ShardLabels: Codable, Equatable {
  /// AffectNet's code.
  var expression: Int?
  /// −1 to 1.
  var valence: Double?
  /// −1 to 1.
  var arousal: Double?
  /// x, y, width and height, in pixels of the image.
  var faceBox: [Int]?
  /// x and y of the left eye and of the right one, in pixels of the image.
  var eyes: [Double]?
  /// Where the image was before it was packed.
  var source: String?

  enum CodingKeys: String, CodingKey {
    case expression, valence, arousal, eyes, source
    case faceBox = "face_box"
  }

  /// No labels.
  init() {}

  /// The labels of a record.
  init(_ record: FaceRecord) {
    expression = record.expression?.rawValue
    valence = record.valence.map(Self.shortest)
    arousal = record.arousal.map(Self.shortest)
    faceBox = record.faceBox.map { [$0.x, $0.y, $0.width, $0.height] }
    eyes = record.eyes.map {
      [$0.left.x, $0.left.y, $0.right.x, $0.right.y].map(Self.shortest)
    }
    source = record.imagePath
  }

  /// The float64 that is written like the float32: 0.1, not 0.100000001490116.
  private static func shortest(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }

  /// Reads the JSON beside an image.
  ///
  /// - Throws: `ShardProblem` in words about the member.
  init(json: [UInt8]) throws(ShardProblem) {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(json))
    } catch DecodingError.typeMismatch(_, let context) {
      let field = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw ShardProblem(column: field.isEmpty ? nil : field, "is of another type than expected")
    } catch {
      throw ShardProblem("is no JSON")
    }
  }

  /// Reads the class beside an image, decimal digits.
  init(classText: [UInt8]) throws(ShardProblem) {
    let text = String(decoding: classText.prefix(32), as: UTF8.self)
    guard let code = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw ShardProblem("holds no class")
    }
    expression = code
  }

  /// The bytes of the JSON: sorted, so that the same labels are the same bytes.
  var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Optional numbers and strings always encode where they are finite, as those of records are.
    return (try? encoder.encode(self)).map { Array($0) } ?? Array("{}".utf8)
  }

  /// The record of an image; nil where its class is one that is left out.
  func record(imagePath: String, line: Int) throws(ShardProblem) -> FaceRecord? {
    if let expression, AffectNetColumns.excludedExpressions.contains(expression) { return nil }
    if let expression, Expression(rawValue: expression) == nil {
      throw ShardProblem(column: "expression", "\(expression) is not an expression (0 to 10)")
    }
    return FaceRecord(
      imagePath: imagePath, faceBox: try box(), eyes: try eyeCenters(),
      expression: expression.flatMap(Expression.init),
      valence: try affect(valence, "valence"), arousal: try affect(arousal, "arousal"), line: line)
  }

  private func box() throws(ShardProblem) -> FaceBox? {
    guard let faceBox else { return nil }
    let limit = 1 << 30
    guard faceBox.count == 4, faceBox.allSatisfy({ abs($0) < limit }), faceBox[2] > 0,
      faceBox[3] > 0
    else { throw ShardProblem(column: "face_box", "is not x, y, width and height of a box") }
    return FaceBox(x: faceBox[0], y: faceBox[1], width: faceBox[2], height: faceBox[3])
  }

  private func eyeCenters() throws(ShardProblem) -> EyeCenters? {
    guard let eyes else { return nil }
    guard eyes.count == 4, eyes.allSatisfy({ abs($0) < 1e6 }) else {
      throw ShardProblem(column: "eyes", "is not x and y of two eyes")
    }
    let values = eyes.map(Float.init)
    return EyeCenters(left: [values[0], values[1]], right: [values[2], values[3]])
  }

  private func affect(_ value: Double?, _ column: String) throws(ShardProblem) -> Float? {
    guard let value, value != -2 else { return nil }
    guard abs(value) <= 1 else {
      throw ShardProblem(column: column, "\(value) is outside -1 to 1 (and not -2 for unknown)")
    }
    return Float(value)
  }
}

/// Why a sample of a shard cannot be used, without saying which.
struct ShardProblem: Error {
  var column: String?
  var reason: String

  init(column: String? = nil, _ reason: String) {
    self.column = column
    self.reason = reason
  }
}
