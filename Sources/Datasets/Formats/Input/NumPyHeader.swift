/// What a `.npy` file says about its data, read as the format defines it and not as Python.
struct NumPyHeader {
  let type: NumPyType
  let shape: [Int]
  let isColumnMajor: Bool
  /// Where the data begins, in bytes.
  let dataOffset: Int

  private static let magic: [UInt8] = [0x93] + [UInt8]("NUMPY".utf8)
  /// Axes of what we read; NumPy itself has at most 64.
  fileprivate static let mostAxes = 8

  /// Reads the header of a file.
  init(_ bytes: [UInt8]) throws(NumPyArray.Problem) {
    guard bytes.starts(with: Self.magic), bytes.count >= 10 else {
      throw .init(reason: "is not a NumPy array (.npy)")
    }
    let (major, minor) = (bytes[6], bytes[7])
    guard (1...3).contains(major) && minor == 0 else {
      throw .init(
        reason: "is of version \(major).\(minor) of the .npy format; known are 1.0 to 3.0")
    }
    let start = major == 1 ? 10 : 12
    // The length has no more bytes than fit an Int.
    let length = bytes.prefix(start).dropFirst(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard bytes.count >= start, length <= bytes.count - start else {
      throw .init(reason: "ends within its header")
    }
    dataOffset = start + length
    var literal = NumPyLiteral(bytes[start..<dataOffset])
    (type, shape, isColumnMajor) = try literal.header()
  }
}

/// Reads the Python dictionary of a header.
private struct NumPyLiteral {
  private var rest: ArraySlice<UInt8>

  init(_ text: ArraySlice<UInt8>) {
    rest = text
  }

  mutating func header() throws(NumPyArray.Problem) -> (NumPyType, [Int], isColumnMajor: Bool) {
    var type: NumPyType?
    var shape: [Int]?
    var isColumnMajor: Bool?
    try expect("{")
    while !take("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where type == nil: type = try NumPyType(typeName())
      case "shape" where shape == nil: shape = try tuple()
      case "fortran_order" where isColumnMajor == nil: isColumnMajor = try boolean()
      default: throw broken("the key '\(RowValues.quoted(ArraySlice(key.utf8)))'")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipBlanks()
    guard rest.isEmpty else { throw broken("what follows the dictionary") }
    guard let type, let shape, let isColumnMajor else {
      throw broken("a missing descr, fortran_order or shape")
    }
    return (type, shape, isColumnMajor)
  }

  private func broken(_ what: String) -> NumPyArray.Problem {
    .init(reason: "the header is broken: \(what)")
  }

  private mutating func skipBlanks() {
    rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A }
  }

  private mutating func take(_ word: String) -> Bool {
    skipBlanks()
    guard rest.starts(with: word.utf8) else { return false }
    rest = rest.dropFirst(word.utf8.count)
    return true
  }

  private mutating func expect(_ word: String) throws(NumPyArray.Problem) {
    if !take(word) {
      throw broken("'\(word)' is missing before '\(RowValues.quoted(rest.prefix(16)))'")
    }
  }

  private mutating func string() throws(NumPyArray.Problem) -> String {
    skipBlanks()
    guard let quote = rest.first, quote == 0x27 || quote == 0x22 else {
      throw broken("'\(RowValues.quoted(rest.prefix(16)))' is not a string")
    }
    let text = rest.dropFirst().prefix { $0 != quote && $0 != 0x5C }
    rest = rest[text.endIndex...]
    guard rest.first == quote else { throw broken("a string that does not end") }
    rest = rest.dropFirst()
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func typeName() throws(NumPyArray.Problem) -> String {
    skipBlanks()
    if rest.first == 0x5B {
      throw .init(reason: "holds records with fields where plain numbers are expected")
    }
    return try string()
  }

  private mutating func boolean() throws(NumPyArray.Problem) -> Bool {
    if take("True") { return true }
    try expect("False")
    return false
  }

  private mutating func tuple() throws(NumPyArray.Problem) -> [Int] {
    try expect("(")
    var lengths: [Int] = []
    while !take(")") {
      skipBlanks()
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard let length = Int(String(decoding: digits, as: UTF8.self)) else {
        throw broken("'\(RowValues.quoted(rest.prefix(16)))' in the shape")
      }
      rest = rest[digits.endIndex...]
      // Python 2 wrote long integers so.
      _ = take("L")
      lengths.append(length)
      guard lengths.count <= NumPyHeader.mostAxes else { throw broken("too many axes") }
      if !take(",") {
        try expect(")")
        break
      }
    }
    return lengths
  }
}
