import CCrypto

/// A SHA-256 digest that grows with the bytes it is given.
public final class SHA256 {
  /// Bytes of a digest.
  public static let byteCount = 32

  private let context: OpaquePointer

  /// The digest of nothing.
  ///
  /// - Throws: `DigestError` when libcrypto has no SHA-256.
  public init() throws(DigestError) {
    guard let context = EVP_MD_CTX_new() else { throw DigestError(call: "EVP_MD_CTX_new") }
    self.context = context
    try restart()
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Forgets what was digested, for the next message.
  public func restart() throws(DigestError) {
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      throw DigestError(call: "EVP_DigestInit_ex")
    }
  }

  /// Goes on with `bytes`.
  public func update(_ bytes: UnsafeRawBufferPointer) throws(DigestError) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
      throw DigestError(call: "EVP_DigestUpdate")
    }
  }

  /// The 32 bytes of the digest. Call it once, or again after `restart`.
  public func finishBytes() throws(DigestError) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    guard EVP_DigestFinal_ex(context, &digest, &length) == 1 else {
      throw DigestError(call: "EVP_DigestFinal_ex")
    }
    return Array(digest.prefix(Int(length)))
  }

  /// The digest in hexadecimal. Call it once, or again after `restart`.
  public func finish() throws(DigestError) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let text = try finishBytes().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  /// The digest of some bytes.
  public static func digest(of bytes: [UInt8]) throws -> String {
    let digest = try SHA256()
    try bytes.withUnsafeBytes { try digest.update($0) }
    return try digest.finish()
  }
}

/// libcrypto refuses to digest, which a whole installation never does.
public struct DigestError: Error, Equatable, CustomStringConvertible {
  /// The function that failed.
  public let call: String

  /// The message for the user.
  public var description: String { "libcrypto has no SHA-256 (\(call)); reinstall OpenSSL" }
}
