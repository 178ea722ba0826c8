/// The table of contents of a safetensors file.
///
/// - Source: the format's description at github.com/huggingface/safetensors: eight bytes of
///   little-endian header length, a JSON object `{"name": {"dtype", "shape", "data_offsets"}, …}` with
///   an optional `__metadata__` of strings, then the data without gaps.
struct SafetensorsHeader {
  /// One tensor's place in the data.
  struct Entry {
    var name: String
    var type: TensorType
    var shape: [Int]
    /// Bytes, counted from the end of the header.
    var range: Range<Int>
  }

  /// The format's own limit, which keeps a hostile length from being allocated.
  static let byteLimit = 100_000_000
  /// No array of this program or its peers has more axes.
  static let axisLimit = 32

  private(set) var metadata: [String: String] = [:]
  /// In the order of their data.
  private(set) var entries: [Entry] = []
  private let file: String

  /// Reads the JSON text of `file`'s header and checks that the tensors fill `dataBytes` exactly.
  ///
  /// - Throws: `WeightsError`.
  init(json: [UInt8], dataBytes: Int, file: String) throws(WeightsError) {
    self.file = file
    var parser = JSONScanner(bytes: json, file: file)
    var names = Set<String>()
    try parser.object { parser, key throws(WeightsError) in
      guard names.insert(key).inserted else {
        throw WeightsError(file: file, tensor: key, .duplicateName)
      }
      if key == "__metadata__" {
        metadata = try Self.metadata(&parser)
      } else {
        entries.append(try Self.entry(name: key, &parser, dataBytes: dataBytes))
      }
    }
    try parser.end()
    entries.sort {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    try checkCoverage(dataBytes: dataBytes)
  }

  private static func metadata(_ parser: inout JSONScanner) throws(WeightsError) -> [String: String]
  {
    var result: [String: String] = [:]
    try parser.object { parser, key throws(WeightsError) in
      let value = try parser.string()
      guard result.updateValue(value, forKey: key) == nil else {
        throw parser.problem("metadata key \(key.debugDescription) occurs twice")
      }
    }
    return result
  }

  /// Reads the entry of `name`; whatever is wrong within is blamed on that tensor.
  private static func entry(
    name: String, _ parser: inout JSONScanner, dataBytes: Int
  ) throws(WeightsError) -> Entry {
    do throws(WeightsError) {
      return try unblamedEntry(name: name, &parser, dataBytes: dataBytes)
    } catch {
      throw WeightsError(file: error.file, tensor: name, error.cause)
    }
  }

  private static func unblamedEntry(
    name: String, _ parser: inout JSONScanner, dataBytes: Int
  ) throws(WeightsError) -> Entry {
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try parser.object { parser, key throws(WeightsError) in
      switch key {
      case "dtype" where typeName == nil: typeName = try parser.name()
      case "shape" where shape == nil: shape = try parser.integers(atMost: axisLimit)
      case "data_offsets" where offsets == nil: offsets = try parser.integers(atMost: 2)
      default:
        throw parser.problem("\(key.debugDescription) is unknown here, or occurs twice")
      }
    }
    guard let typeName, let shape, let offsets, offsets.count == 2 else {
      throw parser.problem("a tensor needs dtype, shape and two data_offsets")
    }
    guard let type = TensorType(rawValue: typeName) else {
      throw WeightsError(file: parser.file, tensor: name, .unknownType(typeName))
    }
    let range = try checkedRange(offsets[0], offsets[1], dataBytes, file: parser.file, name: name)
    let entry = Entry(name: name, type: type, shape: shape, range: range)
    try check(entry, file: parser.file)
    return entry
  }

  private static func checkedRange(
    _ begin: Int, _ end: Int, _ dataBytes: Int, file: String, name: String
  ) throws(WeightsError) -> Range<Int> {
    guard begin <= end, end <= dataBytes else {
      throw WeightsError(
        file: file, tensor: name,
        .offsetsOutOfRange(begin: begin, end: end, dataBytes: dataBytes))
    }
    return begin..<end
  }

  private static func check(_ entry: Entry, file: String) throws(WeightsError) {
    guard let expected = Tensor.byteCount(type: entry.type, shape: entry.shape) else {
      throw WeightsError(file: file, tensor: entry.name, .shapeOverflow(entry.shape))
    }
    guard expected == entry.range.count else {
      throw WeightsError(
        file: file, tensor: entry.name,
        .sizeMismatch(
          type: entry.type, shape: entry.shape, expected: expected, entry.range.count))
    }
  }

  /// Every byte of the data belongs to exactly one tensor: nothing can hide, nothing is read twice.
  private func checkCoverage(dataBytes: Int) throws(WeightsError) {
    var position = 0
    for entry in entries {
      guard entry.range.lowerBound == position else {
        throw WeightsError(
          file: file, tensor: entry.name,
          .gapOrOverlap(begin: entry.range.lowerBound, expected: position))
      }
      position = entry.range.upperBound
    }
    guard position == dataBytes else {
      throw WeightsError(file: file, .trailingBytes(dataBytes - position))
    }
  }
}

extension SafetensorsHeader {
  /// The first bytes of a file: the header's length and the header.
  ///
  /// - Parameter tensors: in the order of their data, with their bytes.
  static func bytes(
    of tensors: some Sequence<(TensorDescription, Int)>, metadata: [String: String]
  ) -> [UInt8] {
    var members = metadata.isEmpty ? [] : ["\"__metadata__\":\(metadataObject(metadata))"]
    var offset = 0
    for (description, count) in tensors {
      let shape = description.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(description.name)):{\"dtype\":\"\(description.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(offset + count)]}")
      offset += count
    }
    return withLength(Array("{\(members.joined(separator: ","))}".utf8))
  }

  private static func withLength(_ json: [UInt8]) -> [UInt8] {
    // Data begins at a multiple of eight, so that readers may map it.
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
    let length = UInt64(json.count + padding.count).littleEndian
    return withUnsafeBytes(of: length) { [UInt8]($0) } + json + padding
  }

  private static func metadataObject(_ metadata: [String: String]) -> String {
    let members = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { "\(quoted($0.key)):\(quoted($0.value))" }
    return "{\(members.joined(separator: ","))}"
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\u{0}"..<"\u{20}":
        "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst()
      default: String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }
}
