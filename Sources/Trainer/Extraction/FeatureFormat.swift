import Nets

/// How features are written: the names of `--format`.
public enum FeatureFormat: String, CaseIterable, Sendable {
  /// One tensor, `features`.
  case safetensors
  /// NumPy's array.
  case npy
  /// Text: what the row is of, then its features.
  case csv

  /// The format that a file's ending names; nil for any other.
  public init?(file: String) {
    guard let format = Self.allCases.first(where: { file.hasSuffix(".\($0.rawValue)") }) else {
      return nil
    }
    self = format
  }

  /// What stands in front of the rows.
  ///
  /// - Throws: `WeightsError` for more than a file holds.
  func header(rows: Int, width: Int, metadata: [String: String]) throws -> [UInt8] {
    switch self {
    case .safetensors: try Self.safetensorsHeader(rows: rows, width: width, metadata: metadata)
    case .npy: Self.numPyHeader(rows: rows, width: width)
    case .csv:
      Array(
        (RowTable.columns + (0..<width).map { "f\($0)" }).joined(separator: ",").utf8 + [0x0A])
    }
  }

  private static func safetensorsHeader(
    rows: Int, width: Int, metadata: [String: String]
  ) throws -> [UInt8] {
    let features = TensorDescription(name: "features", type: .f32, shape: [rows, width])
    let image = try SafetensorsImage(
      of: [TensorSource(features) { _ in }], metadata: metadata, path: "features")
    let count = image.byteCount - rows * width * TensorType.f32.byteCount
    var header = [UInt8](repeating: 0, count: count)
    try header.withUnsafeMutableBytes { try image.copy(0..<count, into: $0) }
    return header
  }

  /// - Source: NumPy's "A simple file format for NumPy arrays", version 1.0.
  private static func numPyHeader(rows: Int, width: Int) -> [UInt8] {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(width)), }"
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
    // Data begins at a multiple of 64; the header ends with a line.
    let length = (magic.count + 2 + text.utf8.count + 1 + 63) / 64 * 64 - magic.count - 2
    let padding = length - text.utf8.count - 1
    return magic + [UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
      + Array(repeating: 0x20, count: padding) + [0x0A]
  }
}

/// The table of what each row of features is of, in CSV.
struct RowTable {
  static let columns = [
    "row", "source", "frame", "seconds", "face", "x", "y", "width", "height",
  ]

  /// What a row is of, without a line's end.
  ///
  /// - Parameter source: the file.
  static func line(_ row: Int, _ origin: RowOrigin, source: String) -> String {
    let region = origin.region.map { [$0.x, $0.y, $0.width, $0.height].map { "\($0)" } }
    let fields =
      [
        "\(row)", quoted(source), origin.frame.map { "\($0)" } ?? "",
        origin.frame.map { "\(milliseconds(FrameClock.centreSeconds(of: $0)))" } ?? "",
        origin.face.map { "\($0)" } ?? "",
      ] + (region ?? Array(repeating: "", count: 4))
    return fields.joined(separator: ",")
  }

  private static func milliseconds(_ seconds: Double) -> Double {
    (seconds * 1000).rounded() / 1000
  }

  /// As RFC 4180 wants it.
  static func quoted(_ text: String) -> String {
    guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
