import Digests
import Foundation

extension SHA256 {
  /// The digest and the size of a regular file, which is read in pieces.
  ///
  /// - Throws: `TrainerError.system`.
  static func digest(ofFile path: String) throws -> (digest: String, bytes: Int) {
    let digest = try SHA256()
    var total = 0
    try forEachPart(ofFile: path, upTo: 1 << 20) { part in
      try digest.update(part)
      total += part.count
    }
    return (try digest.finish(), total)
  }

  /// The digest of each `pieceBytes` of a regular file; the last of what is left.
  ///
  /// - Throws: `TrainerError.system`.
  static func digests(ofFile path: String, pieceBytes: Int) throws -> [String] {
    var digests: [String] = []
    let digest = try SHA256()
    var left = pieceBytes
    try forEachPart(ofFile: path, upTo: 1 << 20) { part in
      var rest = part
      while !rest.isEmpty {
        let count = min(left, rest.count)
        try digest.update(UnsafeRawBufferPointer(rebasing: rest[..<count]))
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        left -= count
        if left == 0 {
          digests.append(try digest.finish())
          try digest.restart()
          left = pieceBytes
        }
      }
    }
    return left == pieceBytes ? digests : digests + [try digest.finish()]
  }

  private static func forEachPart(
    ofFile path: String, upTo limit: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let file = try DurableFiles.openRegular(path)
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: limit)
    while true {
      let count = try buffer.withUnsafeMutableBytes { buffer in
        try systemCall("read", path) { read(file, buffer.baseAddress, buffer.count) }
      }
      if count == 0 { return }
      try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }
}
