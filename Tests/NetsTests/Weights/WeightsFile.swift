import Foundation

/// Weights files that tests put together byte by byte.
enum WeightsFile {
  /// The committed golden file `name`, without its extension.
  static func goldenPath(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Goldens/\(name).safetensors").path
  }

  /// A header with its length before it and zeros behind it.
  static func bytes(_ header: some Sequence<UInt8>, dataBytes: Int = 0) -> [UInt8] {
    let header = Array(header)
    return length(UInt64(header.count)) + header + [UInt8](repeating: 0, count: dataBytes)
  }

  /// A header with its length before it and zeros behind it.
  static func bytes(_ header: String, dataBytes: Int = 0) -> [UInt8] {
    bytes(header.utf8, dataBytes: dataBytes)
  }

  /// The length of a header as the file begins with it.
  static func length(_ bytes: UInt64) -> [UInt8] {
    withUnsafeBytes(of: bytes.littleEndian) { [UInt8]($0) }
  }

  /// Calls `body` with the path of a temporary file of `content`, which is removed afterwards.
  @discardableResult
  static func with<Result>(
    _ content: [UInt8], _ body: (String) throws -> Result
  ) throws -> Result {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("aver-\(UUID().uuidString).safetensors")
    try Data(content).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
  }
}
