import Digests
import Foundation

extension SHA256 {
  /// The digest and the size of a regular file, which is read in pieces.
  ///
  /// - Throws: `TrainerError.system`.
  static func digest(ofFile path: String) throws -> (digest: String, bytes: Int) {
    let file = try DurableFiles.openRegular(path)
    defer { close(file) }
    let digest = try SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var total = 0
    while true {
      let count = try buffer.withUnsafeMutableBytes { buffer in
        try systemCall("read", path) { read(file, buffer.baseAddress, buffer.count) }
      }
      if count == 0 { return (try digest.finish(), total) }
      total += count
      try buffer.withUnsafeBytes {
        try digest.update(UnsafeRawBufferPointer(rebasing: $0[..<count]))
      }
    }
  }
}
