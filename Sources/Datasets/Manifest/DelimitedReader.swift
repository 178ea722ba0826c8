import Foundation

/// Streams the rows of a comma-separated file, as bytes.
///
/// Quotes may surround fields and hold commas, line ends and doubled quotes; lines end in LF, CRLF or
/// CR; empty lines and a byte order mark are passed over. Memory is bounded by the longest row.
///
/// - Source: RFC 4180.
final class DelimitedReader {
  private enum State { case fieldStart, plain, quoted, quoteInQuoted }

  /// A longer row means an unclosed quote.
  private static let longestRow = 4 << 20

  private let file: String
  private let descriptor: Int32
  private var chunk = [UInt8](repeating: 0, count: 1 << 18)
  private var chunkCount = 0
  private var position = 0
  private var physicalLine = 1
  private var row: [UInt8] = []
  private var fieldEnds: [Int] = []
  /// The line where the current row begins, counted from 1.
  private(set) var line = 1

  init(file: String) throws {
    self.file = file
    descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.systemError(file) }
    try refill()
    if chunk.prefix(min(3, chunkCount)).elementsEqual([0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  deinit { close(descriptor) }

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
      case (.fieldStart, 0x22): state = .quoted
      case (.quoted, 0x22): state = .quoteInQuoted
      case (.quoteInQuoted, 0x22):
        row.append(byte)
        state = .quoted
      case (.quoted, _):
        if byte == 0x0A { physicalLine += 1 }
        row.append(byte)
      case (_, 0x2C):
        fieldEnds.append(row.count)
        state = .fieldStart
      case (_, 0x0A), (_, 0x0D):
        try finishLine(endedBy: byte)
        return true
      default:
        row.append(byte)
        state = .plain
        appendPlainRun()
      }
      if row.count > Self.longestRow { throw DatasetError.openQuote(file: file, line: line) }
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
        if byte == 0x2C || byte == 0x0A || byte == 0x0D { break }
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
    repeat {
      chunkCount = read(descriptor, &chunk, chunk.count)
    } while chunkCount < 0 && errno == EINTR
    guard chunkCount >= 0 else {
      chunkCount = 0
      throw Self.systemError(file)
    }
  }

  private static func systemError(_ file: String) -> DatasetError {
    .unreadable(file: file, reason: String(cString: strerror(errno)))
  }
}
