import CCrypto
import Foundation

/// A SHA-256 digest that grows with the bytes it is given.
final class SHA256 {
  private let context: OpaquePointer

  /// The digest of nothing.
  ///
  /// - Throws: `TrainerError.system` when libcrypto has no SHA-256.
  init() throws {
    guard let context = EVP_MD_CTX_new() else { throw Self.failure("EVP_MD_CTX_new") }
    self.context = context
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      throw Self.failure("EVP_DigestInit_ex")
    }
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Goes on with `bytes`.
  func update(_ bytes: UnsafeRawBufferPointer) throws {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
      throw Self.failure("EVP_DigestUpdate")
    }
  }

  /// The digest in hexadecimal. Call it once.
  func finish() throws -> String {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    guard EVP_DigestFinal_ex(context, &digest, &length) == 1 else {
      throw Self.failure("EVP_DigestFinal_ex")
    }
    return digest.prefix(Int(length)).map { String(format: "%02x", $0) }.joined()
  }

  /// The digest of some bytes.
  static func digest(of bytes: [UInt8]) throws -> String {
    let digest = try SHA256()
    try bytes.withUnsafeBytes { try digest.update($0) }
    return try digest.finish()
  }

  /// The digest and the size of a file, which is read in pieces.
  static func digest(ofFile path: String) throws -> (digest: String, bytes: Int) {
    let file = try systemCall("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
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

  private static func failure(_ call: String) -> TrainerError {
    .system(call: call, path: "libcrypto", reason: "no SHA-256")
  }
}
