import Foundation

/// Writes a tar file that is whole or not there: beside its name first, renamed at the end.
///
/// The same members give the same bytes. Names longer than a header holds get a pax record. One thread.
final class TarWriter {
  private static let bufferBytes = 1 << 20

  let path: String
  /// Bytes so far.
  private(set) var byteCount = 0
  private var buffer: [UInt8] = []
  private let descriptor: Int32
  private var isFinished = false

  private var partialPath: String { path + ".partial" }

  /// - Throws: `DatasetError.unwritable`.
  init(path: String) throws(DatasetError) {
    self.path = path
    descriptor = open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.systemError(path) }
    buffer.reserveCapacity(Self.bufferBytes + 1 << 16)
  }

  deinit {
    if !isFinished {
      close(descriptor)
      unlink(partialPath)
    }
  }

  /// Appends a file.
  ///
  /// - Returns: where its content lies.
  /// - Throws: `DatasetError.unwritable`.
  @discardableResult
  func append(_ name: String, _ content: UnsafeRawBufferPointer) throws(DatasetError) -> Range<Int>
  {
    if let block = TarHeader(name: name, byteCount: content.count).block {
      try write(block)
    } else {
      try appendRecords(of: name)
      // Readers of pax ignore this name.
      try write(TarHeader(name: "long-name", byteCount: content.count).block ?? [])
    }
    let start = byteCount
    try write(content)
    let end = byteCount
    try pad()
    return start..<end
  }

  /// Writes what is missing, waits until all is on the device, and gives the file its name.
  func finish() throws(DatasetError) {
    try write([UInt8](repeating: 0, count: 2 * TarHeader.blockBytes))
    try flush()
    guard fsync(descriptor) == 0 else { throw Self.systemError(path) }
    isFinished = true
    guard close(descriptor) == 0, rename(partialPath, path) == 0 else {
      throw Self.systemError(path)
    }
  }

  private func appendRecords(of name: String) throws(DatasetError) {
    let records = PaxRecords.naming(name)
    try write(TarHeader(name: "pax", byteCount: records.count, kind: .extended).block ?? [])
    try write(records)
    try pad()
  }

  private func pad() throws(DatasetError) {
    let blocks = (byteCount + TarHeader.blockBytes - 1) & ~(TarHeader.blockBytes - 1)
    try write([UInt8](repeating: 0, count: blocks - byteCount))
  }

  private func write(_ bytes: some Collection<UInt8>) throws(DatasetError) {
    buffer.append(contentsOf: bytes)
    byteCount += bytes.count
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  private func flush() throws(DatasetError) {
    var rest = buffer[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw Self.systemError(path) }
      rest = rest.dropFirst(written)
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private static func systemError(_ path: String) -> DatasetError {
    .unwritable(file: path, reason: String(cString: strerror(errno)))
  }
}
