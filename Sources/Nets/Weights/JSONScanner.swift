/// Reads the little JSON that a safetensors header may contain: objects, strings, lists of
/// non-negative integers.
///
/// By hand because Foundation's parsers keep one of two equal keys in silence, which lets two programs
/// read different tensors from one file, and take 1.0 or 1e3 for an integer.
struct JSONScanner {
  let file: String
  private let bytes: [UInt8]
  private var position = 0

  /// Bytes of the file before the JSON text, so that errors count from the file's start.
  private static let preambleBytes = 8
  /// No name is longer. Names are compared as Unicode does, with the accents on a letter in order:
  /// that takes the square of their number, for which a name of a megabyte is too long.
  static let nameByteLimit = 512

  init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// An error at the present position.
  func problem(_ text: String) -> WeightsError {
    WeightsError(file: file, .malformedHeader(text, byte: position + Self.preambleBytes))
  }

  /// Reads `{"key": value, …}`; `member` is called at each value and reads it.
  mutating func object(
    _ member: (inout JSONScanner, String) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    try expect(UInt8(ascii: "{"))
    if skip(UInt8(ascii: "}")) { return }
    repeat {
      let key = try name()
      try expect(UInt8(ascii: ":"))
      try member(&self, key)
    } while skip(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  /// Reads `[1, 2, …]`.
  mutating func integers(atMost limit: Int) throws(WeightsError) -> [Int] {
    var values: [Int] = []
    try expect(UInt8(ascii: "["))
    if skip(UInt8(ascii: "]")) { return values }
    repeat {
      guard values.count < limit else { throw problem("more than \(limit) numbers in a list") }
      values.append(try integer())
    } while skip(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
    return values
  }

  /// Reads a string of the length that names have.
  mutating func name() throws(WeightsError) -> String { try string(atMost: Self.nameByteLimit) }

  /// Reads a string of at most `limit` bytes and decodes its escapes.
  mutating func string(atMost limit: Int = .max) throws(WeightsError) -> String {
    try expect(UInt8(ascii: "\""))
    var decoded: [UInt8] = []
    while let byte = next() {
      guard decoded.count <= limit else { throw problem("a name of more than \(limit) bytes") }
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: decoded, as: UTF8.self) else {
          throw problem("the string before this byte is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"): decoded += try escape()
      case 0..<0x20: throw problem("a control character in a string")
      default: decoded.append(byte)
      }
    }
    throw problem("the text ends within a string")
  }

  /// Checks that nothing but white space is left.
  mutating func end() throws(WeightsError) {
    skipSpace()
    guard position == bytes.count else { throw problem("text after the end of the object") }
  }

  private mutating func integer() throws(WeightsError) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, case let digit = Int(bytes[position]) - 0x30, 0...9 ~= digit {
      let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = tens.addingReportingOverflow(digit)
      guard !tensOverflow, !sumOverflow else { throw problem("a number beyond 64 bits") }
      value = sum
      position += 1
    }
    let hasLeadingZero = position - start > 1 && bytes[start] == UInt8(ascii: "0")
    guard position > start, !hasLeadingZero else { throw problem("no non-negative integer") }
    return value
  }

  private mutating func escape() throws(WeightsError) -> [UInt8] {
    guard let byte = next() else { throw problem("the text ends within an escape") }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return Array(String(try unicodeEscape()).utf8)
    default: throw problem("an escape that JSON does not have")
    }
  }

  private mutating func unicodeEscape() throws(WeightsError) -> Character {
    var value = try hexadecimal4()
    if 0xD800..<0xDC00 ~= value {
      guard next() == UInt8(ascii: "\\"), next() == UInt8(ascii: "u") else {
        throw problem("half a surrogate pair")
      }
      let low = try hexadecimal4()
      guard 0xDC00..<0xE000 ~= low else { throw problem("half a surrogate pair") }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw problem("half a surrogate pair") }
    return Character(scalar)
  }

  private mutating func hexadecimal4() throws(WeightsError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw problem("an escape needs four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  private mutating func expect(_ byte: UInt8) throws(WeightsError) {
    guard skip(byte) else {
      throw problem("'\(Character(Unicode.Scalar(byte)))' is missing")
    }
  }

  private mutating func skip(_ byte: UInt8) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
  }

  private mutating func next() -> UInt8? {
    guard position < bytes.count else { return nil }
    defer { position += 1 }
    return bytes[position]
  }
}
