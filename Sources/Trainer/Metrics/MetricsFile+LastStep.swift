import Foundation

extension MetricsFile {
  /// Bytes at the end of a file that hold its last whole line.
  private static let tailBytes: UInt64 = 1 << 16

  private struct Line: Decodable { var step: Int }

  /// The last whole line about training in a file, which another process may be writing; nil where the end of
  /// the file has none.
  static func lastTraining(in path: String) -> MetricsLine? {
    last(MetricsLine.self, in: path) { $0.split == .training }
  }

  /// The step of the last whole line of a file, which another process may be writing; nil where there is
  /// none.
  static func lastStep(in path: String) -> Int? {
    last(Line.self, in: path) { _ in true }?.step
  }

  /// The last line at the end of a file that is one of a kind, and wanted.
  private static func last<Value: Decodable>(
    _ type: Value.Type, in path: String, where isWanted: (Value) -> Bool
  ) -> Value? {
    guard let tail = try? tail(of: path) else { return nil }
    for line in tail.split(separator: UInt8(ascii: "\n")).reversed() {
      if let value = try? JSONDecoder().decode(type, from: line), isWanted(value) { return value }
    }
    return nil
  }

  private static func tail(of path: String) throws -> Data {
    let file = FileHandle(
      fileDescriptor: try DurableFiles.openRegular(path), closeOnDealloc: true)
    let end = try file.seekToEnd()
    try file.seek(toOffset: end - min(end, tailBytes))
    return try file.readToEnd() ?? Data()
  }
}
