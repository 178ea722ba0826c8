/// How one number is stored in a `.npy` file.
struct NumPyType: Equatable {
  private enum Kind: UInt8 {
    case signed = 0x69  // i
    case unsigned = 0x75  // u
    case float = 0x66  // f
    case codePoints = 0x55  // U
    case bytes = 0x53  // S
  }

  /// Characters of one number, written out; more is no number.
  private static let longestText = 64

  /// NumPy's name, such as `<f8`.
  let name: String
  /// Bytes of one number.
  let byteCount: Int
  private let kind: Kind
  private let isBigEndian: Bool

  /// The type of NumPy's name.
  init(_ name: String) throws(NumPyArray.Problem) {
    let characters = [UInt8](name.utf8)
    if characters.dropFirst().first == 0x4F || characters.first == 0x4F {
      throw .init(
        reason: "holds Python objects ('\(name)'), which only running them could read; "
          + "save it as numbers")
    }
    let unknown = NumPyArray.Problem(
      reason: "'\(name.prefix(16))' is not a type of numbers (such as <f8, <i8 or <U5)")
    guard (3...5).contains(characters.count), let kind = Kind(rawValue: characters[1]),
      let length = Int(String(decoding: characters[2...], as: UTF8.self)), length > 0
    else { throw unknown }
    let isText = kind == .codePoints || kind == .bytes
    let hasOrder = characters[0] == 0x3C || characters[0] == 0x3E
    guard hasOrder || (characters[0] == 0x7C && (kind == .bytes || length == 1)) else {
      throw unknown
    }
    let sizes: [Int] = kind == .float ? [2, 4, 8] : [1, 2, 4, 8]
    guard isText ? length <= Self.longestText : sizes.contains(length) else { throw unknown }
    self.name = name
    self.kind = kind
    byteCount = kind == .codePoints ? 4 * length : length
    isBigEndian = characters[0] == 0x3E
  }

  /// The number in `bytes`, `byteCount` of them.
  func number(_ bytes: ArraySlice<UInt8>) throws(NumPyArray.Problem) -> Double {
    switch kind {
    case .signed:
      let unused = 64 - 8 * byteCount
      return Double((Int64(bitPattern: word(bytes)) << unused) >> unused)
    case .unsigned: return Double(word(bytes))
    case .float: return float(word(bytes))
    case .bytes: return try number(written: bytes)
    case .codePoints: return try number(written: asciiCharacters(bytes))
    }
  }

  private func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    isBigEndian
      ? bytes.reduce(0) { $0 << 8 | UInt64($1) }
      : bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func float(_ word: UInt64) -> Double {
    switch byteCount {
    case 2: Double(Float16(bitPattern: UInt16(truncatingIfNeeded: word)))
    case 4: Double(Float(bitPattern: UInt32(truncatingIfNeeded: word)))
    default: Double(bitPattern: word)
    }
  }

  /// The characters of UTF-32, with a control character for any that no number has.
  private func asciiCharacters(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let starts = stride(from: bytes.startIndex, to: bytes.endIndex, by: 4)
    return ArraySlice(starts.map { UInt8(exactly: word(bytes[$0..<$0 + 4])) ?? 0x1A })
  }

  private func number(written text: ArraySlice<UInt8>) throws(NumPyArray.Problem) -> Double {
    var text = text
    // NumPy pads with NULs.
    while let last = text.last, last == 0 || last == 0x20 { text.removeLast() }
    guard let value = DecimalNumber.value(text) else {
      throw .init(reason: "'\(RowValues.quoted(text))' is not a number")
    }
    return value
  }
}
