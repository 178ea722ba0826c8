import Foundation

extension MetricsFile {
  /// Bytes at the end of a file that hold its last whole line.
  private static let tailBytes: UInt64 = 1 << 16

  private struct Line: Decodable { var step: Int }

  /// The last whole line about training in a file, which another process may be writing; nil where the end of
  /// the file has none.
  static func lastTraining(in path: String) -> MetricsLine? {
    guard let tail = try? tail(of: path) else { return nil }
    return tail.split(separator: UInt8(ascii: "\n")).reversed().lazy
      .compactMap { try? JSONDecoder().decode(MetricsLine.self, from: $0) }
      .first { $0.split == .training }
  }

  /// The step of the last whole line of a file, which another process may be writing; nil where there is
  /// none.
  static func lastStep(in path: String) -> Int? {
    guard let tail = try? tail(of: path) else { return nil }
    return tail.split(separator: UInt8(ascii: "\n")).reversed().lazy
      .compactMap { try? JSONDecoder().decode(Line.self, from: $0).step }.first
  }

  private static func tail(of path: String) throws -> Data {
    let file = FileHandle(
      fileDescriptor: try DurableFiles.openRegular(path), closeOnDealloc: true)
    let end = try file.seekToEnd()
    try file.seek(toOffset: end - min(end, tailBytes))
    return try file.readToEnd() ?? Data()
  }
}
