/// The values of one row, with the row's place for the messages.
struct RowValues {
  /// Where the paths of a list may lead.
  enum PathRule {
    /// Into the data set's root: for lists that come with a data set, and know no other folder.
    case insideRoot
    /// Anywhere: for lists that the user wrote, who may have put the files where there was room.
    case anywhere
  }

  /// What a message shows of a value at most.
  private static let longestQuotation = 80

  let reader: DelimitedReader

  /// A field as text, with replacement characters for what is not UTF-8.
  func text(_ index: Int) -> String { String(decoding: reader.field(index), as: UTF8.self) }

  /// Whether a field holds nothing.
  func isEmpty(_ index: Int) -> Bool { reader.field(index).isEmpty }

  func problem(_ reason: String, column: String? = nil) -> RowProblem {
    RowProblem(file: reader.file, line: reader.line, column: column, reason: reason)
  }

  /// Refuses a row that is shorter or longer than the header.
  func checkFieldCount(_ count: Int) throws(RowProblem) {
    guard reader.fieldCount == count else {
      throw problem("has \(reader.fieldCount) fields where the header has \(count)")
    }
  }

  /// An integer; lists that went through a spreadsheet also write it as `12.0`.
  func integer(_ index: Int, _ column: String) throws(RowProblem) -> Int {
    guard let value = DecimalNumber.value(reader.field(index)), abs(value) <= 0x1p31 else {
      throw notANumber(index, column)
    }
    guard let exact = Int(exactly: value) else {
      throw problem("\(quoted(index)) is not a whole number", column: column)
    }
    return exact
  }

  /// A finite number.
  func number(_ index: Int, _ column: String) throws(RowProblem) -> Double {
    guard let value = DecimalNumber.value(reader.field(index)), value.isFinite else {
      throw notANumber(index, column)
    }
    return value
  }

  /// Valence or arousal; nil where −2 says that it is unknown.
  func affect(_ index: Int, _ column: String) throws(RowProblem) -> Float? {
    guard let value = DecimalNumber.value(reader.field(index)) else {
      throw notANumber(index, column)
    }
    if value == -2 { return nil }
    guard (-1...1).contains(value) else {
      throw problem(
        "\(quoted(index)) is outside -1 to 1 (and not -2 for unknown)", column: column)
    }
    return Float(value)
  }

  /// The path of a file.
  ///
  /// - Parameter what: what the file is, for the messages.
  func path(
    _ index: Int, _ column: String?, of what: String, _ rule: PathRule
  ) throws(RowProblem) -> String {
    let bytes = reader.field(index)
    if bytes.isEmpty { throw problem("names no \(what)", column: column) }
    if bytes.contains(0) { throw problem("the path holds a NUL byte", column: column) }
    guard let path = String(validating: bytes, as: UTF8.self) else {
      throw problem("'\(quoted(index))' is not UTF-8", column: column)
    }
    guard rule == .insideRoot else { return path }
    if path.hasPrefix("/") {
      throw problem(
        "'\(quoted(index))' is absolute; write it relative to the data set's root", column: column)
    }
    if Self.goesUp(bytes) {
      throw problem(
        "'\(quoted(index))' goes up by '..', which could leave the data set's root; write the path "
          + "without it", column: column)
    }
    return path
  }

  /// Whether any component is `..`: all are looked at, because what `a/..` means depends on links.
  private static func goesUp(_ path: ArraySlice<UInt8>) -> Bool {
    // How much of a component `..` has been seen, nil where it is another.
    var dots: Int? = 0
    for byte in path {
      if byte == 0x2F {
        if dots == 2 { return true }
        dots = 0
      } else {
        dots = byte == 0x2E ? dots.map { $0 + 1 } : nil
      }
    }
    return dots == 2
  }

  /// The beginning of a field, fit for a line of a message.
  func quoted(_ index: Int) -> String { Self.quoted(reader.field(index)) }

  /// The beginning of some bytes, fit for a line of a message.
  static func quoted(_ bytes: ArraySlice<UInt8>) -> String {
    let text = String(decoding: bytes.prefix(longestQuotation), as: UTF8.self)
    let printable = String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    return bytes.count > longestQuotation ? printable + "…" : printable
  }

  private func notANumber(_ index: Int, _ column: String) -> RowProblem {
    problem(
      isEmpty(index) ? "is empty" : "'\(quoted(index))' is not a number", column: column)
  }
}
