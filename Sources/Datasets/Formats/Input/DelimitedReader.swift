/// Streams the rows of a comma-separated file, as bytes.
///
/// Quotes may surround fields and hold separators, line ends and doubled quotes; lines end in LF, CRLF
/// or CR; empty lines and a byte order mark are passed over. Memory is bounded by `longestRow` and
/// `mostFields`.
///
/// - Source: RFC 4180.
final class DelimitedReader {
  /// How a row is cut into fields.
  enum Dialect {
    /// At commas.
    case commas
    /// At commas or semicolons: whichever comes first in the file.
    case commasOrSemicolons
    /// Not at all: every line is one field, and quotes mean nothing.
    case lines
  }

  private enum State { case fieldStart, plain, quoted, quoteInQuoted }

  /// Bytes; what is longer is no list, or has an unclosed quote.
  static let longestRow = 4 << 20
  static let mostFields = 1 << 12

  /// The list's path.
  let file: String
  private let input: InputFile
  private let hasQuotes: Bool
  /// What separates fields; a line end, which is looked for before, where nothing does.
  private var separator: UInt8
  private var chunk = [UInt8](repeating: 0, count: 1 << 18)
  private var chunkCount = 0
  private var position = 0
  private var physicalLine = 1
  private var row: [UInt8] = []
  private var fieldEnds: [Int] = []
  /// The line where the current row begins, counted from 1.
  private(set) var line = 1

  init(file: String, dialect: Dialect = .commas) throws {
    self.file = file
    input = try InputFile(file)
    hasQuotes = dialect != .lines
    separator = dialect == .lines ? 0x0A : 0x2C
    try refill()
    if chunk.prefix(min(3, chunkCount)).elementsEqual([0xEF, 0xBB, 0xBF]) { position = 3 }
    if dialect == .commasOrSemicolons {
      separator = chunk[..<chunkCount].first { $0 == 0x2C || $0 == 0x3B } ?? separator
    }
  }

  /// Fields of the current row.
  var fieldCount: Int { fieldEnds.count }

  /// A field of the current row, without its quotes and surrounding blanks.
  func field(_ index: Int) -> ArraySlice<UInt8> {
    let start = index == 0 ? 0 : fieldEnds[index - 1]
    var field = row[start..<fieldEnds[index]]
    while let first = field.first, first == 0x20 || first == 0x09 { field.removeFirst() }
    while let last = field.last, last == 0x20 || last == 0x09 { field.removeLast() }
    return field
  }

  /// Moves on to the next row that is not empty; false at the end of the file.
  func next() throws -> Bool {
    repeat {
      guard try readRow() else { return false }
    } while fieldEnds.count == 1 && row.isEmpty
    return true
  }

  private func readRow() throws -> Bool {
    row.removeAll(keepingCapacity: true)
    fieldEnds.removeAll(keepingCapacity: true)
    line = physicalLine
    var state = State.fieldStart
    while let byte = try nextByte() {
      switch (state, byte) {
      case (.fieldStart, 0x22) where hasQuotes: state = .quoted
      case (.quoted, 0x22): state = .quoteInQuoted
      case (.quoteInQuoted, 0x22):
        row.append(byte)
        state = .quoted
      case (.quoted, _):
        if byte == 0x0A { physicalLine += 1 }
        row.append(byte)
      case (_, 0x0A), (_, 0x0D):
        try finishLine(endedBy: byte)
        return true
      case (_, separator):
        fieldEnds.append(row.count)
        state = .fieldStart
      default:
        row.append(byte)
        state = .plain
        appendPlainRun()
      }
      guard row.count <= Self.longestRow && fieldEnds.count < Self.mostFields else {
        throw state == .quoted
          ? DatasetError.openQuote(file: file, line: line)
          : .longRow(file: file, line: line, bytes: Self.longestRow, fields: Self.mostFields)
      }
    }
    if state == .quoted { throw DatasetError.openQuote(file: file, line: line) }
    if row.isEmpty && fieldEnds.isEmpty { return false }
    fieldEnds.append(row.count)
    return true
  }

  private func finishLine(endedBy byte: UInt8) throws {
    fieldEnds.append(row.count)
    physicalLine += 1
    guard byte == 0x0D else { return }
    if position == chunkCount { try refill() }
    if position < chunkCount && chunk[position] == 0x0A { position += 1 }
  }

  /// Takes over what the chunk still has of a field without quotes: nearly all bytes come this way.
  private func appendPlainRun() {
    var end = position
    chunk.withUnsafeBufferPointer { chunk in
      while end < chunkCount {
        let byte = chunk[end]
        if byte == separator || byte == 0x0A || byte == 0x0D { break }
        end += 1
      }
    }
    row.append(contentsOf: chunk[position..<end])
    position = end
  }

  private func nextByte() throws -> UInt8? {
    if position == chunkCount { try refill() }
    guard position < chunkCount else { return nil }
    defer { position += 1 }
    return chunk[position]
  }

  private func refill() throws {
    position = 0
    chunkCount = 0
    chunkCount = try input.read(into: &chunk)
  }
}
