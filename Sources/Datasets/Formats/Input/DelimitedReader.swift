import Foundation

/// Streams the rows of a comma-separated file, as bytes.
///
/// Quotes may surround fields and hold separators, line ends and doubled quotes; lines end in LF, CRLF
/// or CR; empty lines and a byte order mark are passed over. Memory is bounded by `longestRow` and
/// `mostFields`. Nearly all rows have no quotes and lie in one chunk: they are found and cut by `memchr`.
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

  /// The current row. One property, so that reading a field is one access that Swift checks.
  private struct Row {
    var bytes: [UInt8] = []
    var fieldEnds: [Int] = []
    /// Bytes between two fields: the separator, where the row is as it was read.
    var gap = 0

    /// A field without surrounding blanks.
    func field(_ index: Int) -> ArraySlice<UInt8> {
      var start = index == 0 ? 0 : fieldEnds[index - 1] + gap
      var end = fieldEnds[index]
      while start < end, Self.isBlank(bytes[start]) { start += 1 }
      while end > start, Self.isBlank(bytes[end - 1]) { end -= 1 }
      return bytes[start..<end]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
  }

  /// Bytes; what is longer is no list, or has an unclosed quote.
  static let longestRow = 4 << 20
  static let mostFields = 1 << 12

  /// The list's path.
  let file: String
  private let input: InputFile
  private let hasQuotes: Bool
  /// What separates fields; a line end, which is looked for before, where nothing does.
  private var separator: UInt8
  private var chunk: [UInt8]
  private var chunkCount = 0
  private var position = 0
  private var physicalLine = 1
  /// The next LF of the chunk, the chunk's end where it has no more.
  private var nextLineFeed = -1
  private var row = Row()
  /// The line where the current row begins, counted from 1.
  private(set) var line = 1
  /// Where the chunk begins in the file.
  private var chunkStart = 0

  init(file: String, dialect: Dialect = .commas) throws {
    self.file = file
    input = try InputFile(file)
    // A short list is read at once, and into no more memory than it needs.
    chunk = [UInt8](repeating: 0, count: min(max(input.byteCount, 1 << 12), 1 << 20))
    hasQuotes = dialect != .lines
    separator = dialect == .lines ? 0x0A : 0x2C
    try refill()
    if chunk.prefix(min(3, chunkCount)).elementsEqual([0xEF, 0xBB, 0xBF]) { position = 3 }
    if dialect == .commasOrSemicolons {
      separator = chunk[..<chunkCount].first { $0 == 0x2C || $0 == 0x3B } ?? separator
    }
  }

  /// Bytes of the file up to the next row.
  var bytesRead: Int { chunkStart + position }

  /// Bytes of the whole file.
  var fileBytes: Int { input.byteCount }

  /// Fields of the current row.
  var fieldCount: Int { row.fieldEnds.count }

  /// A field of the current row, without its quotes and surrounding blanks.
  func field(_ index: Int) -> ArraySlice<UInt8> { row.field(index) }

  /// Moves on to the next row that is not empty; false at the end of the file.
  func next() throws -> Bool {
    repeat {
      skipEmptyLines()
      row.bytes.removeAll(keepingCapacity: true)
      row.fieldEnds.removeAll(keepingCapacity: true)
      line = physicalLine
      if !takePlainRow() {
        guard try readRow() else { return false }
      }
    } while row.fieldEnds.count == 1 && row.bytes.isEmpty
    return true
  }

  /// Moves on behind the empty lines that lie in the chunk: as rows, millions of them would take seconds.
  private func skipEmptyLines() {
    chunk.withUnsafeBufferPointer { chunk in
      var (next, lines) = (position, 0)
      while next < chunkCount {
        if chunk[next] == 0x0A {
          next += 1
        } else if chunk[next] == 0x0D, next + 1 < chunkCount {
          next += chunk[next + 1] == 0x0A ? 2 : 1
        } else {
          // A row, or a CR of which only the next chunk tells whether a LF belongs to it.
          break
        }
        lines += 1
      }
      position = next
      physicalLine += lines
    }
  }

  /// Takes the next row where it lies in the chunk as a whole and has neither quotes nor a CR inside;
  /// false, having taken nothing, where it is another.
  private func takePlainRow() -> Bool {
    chunk.withUnsafeBufferPointer { chunk in
      if nextLineFeed < position {
        nextLineFeed = Self.find(0x0A, in: chunk, position..<chunkCount) ?? chunkCount
      }
      guard nextLineFeed < chunkCount else { return false }
      let end = nextLineFeed
      let last = end > position && chunk[end - 1] == 0x0D ? end - 1 : end
      let range = position..<last
      guard range.count <= Self.longestRow, Self.find(0x0D, in: chunk, range) == nil,
        !hasQuotes || Self.find(0x22, in: chunk, range) == nil
      else { return false }
      var start = position
      while let found = Self.find(separator, in: chunk, start..<last) {
        // Too many fields: the other way says so.
        guard row.fieldEnds.count < Self.mostFields - 1 else {
          row.fieldEnds.removeAll(keepingCapacity: true)
          return false
        }
        row.fieldEnds.append(found - position)
        start = found + 1
      }
      row.fieldEnds.append(last - position)
      row.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: chunk[range]))
      row.gap = 1
      position = end + 1
      physicalLine += 1
      return true
    }
  }

  private static func find(
    _ byte: UInt8, in chunk: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) -> Int? {
    guard !range.isEmpty, let base = chunk.baseAddress,
      let found = memchr(base + range.lowerBound, Int32(byte), range.count)
    else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(base)
  }

  private func readRow() throws -> Bool {
    row.gap = 0
    var state = State.fieldStart
    while let byte = try nextByte() {
      switch (state, byte) {
      case (.fieldStart, 0x22) where hasQuotes: state = .quoted
      case (.quoted, 0x22): state = .quoteInQuoted
      case (.quoteInQuoted, 0x22):
        row.bytes.append(byte)
        state = .quoted
      case (.quoted, _):
        if byte == 0x0A { physicalLine += 1 }
        row.bytes.append(byte)
      case (_, 0x0A), (_, 0x0D):
        try finishLine(endedBy: byte)
        return true
      case (_, separator):
        row.fieldEnds.append(row.bytes.count)
        state = .fieldStart
      default:
        row.bytes.append(byte)
        state = .plain
        appendPlainRun()
      }
      guard row.bytes.count <= Self.longestRow && row.fieldEnds.count < Self.mostFields else {
        throw state == .quoted
          ? DatasetError.openQuote(file: file, line: line)
          : .longRow(file: file, line: line, bytes: Self.longestRow, fields: Self.mostFields)
      }
    }
    if state == .quoted { throw DatasetError.openQuote(file: file, line: line) }
    if row.bytes.isEmpty && row.fieldEnds.isEmpty { return false }
    row.fieldEnds.append(row.bytes.count)
    return true
  }

  private func finishLine(endedBy byte: UInt8) throws {
    row.fieldEnds.append(row.bytes.count)
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
    row.bytes.append(contentsOf: chunk[position..<end])
    position = end
  }

  private func nextByte() throws -> UInt8? {
    if position == chunkCount { try refill() }
    guard position < chunkCount else { return nil }
    defer { position += 1 }
    return chunk[position]
  }

  private func refill() throws {
    chunkStart += chunkCount
    position = 0
    chunkCount = 0
    nextLineFeed = -1
    chunkCount = try input.read(into: &chunk)
  }
}
