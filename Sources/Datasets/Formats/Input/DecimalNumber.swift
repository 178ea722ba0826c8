/// Reads decimal numbers from bytes.
enum DecimalNumber {
  /// 10⁰ to 10²², the powers of ten that are exact.
  private static let powersOfTen: [Double] = (0..<22).reduce(into: [1]) { powers, _ in
    powers.append((powers.last ?? 1) * 10)
  }
  private static let mostExactDigits = 15
  private static let longestNumber = 64

  /// The number that all of `bytes` write; nil where they write none.
  ///
  /// Up to 15 digits without an exponent, which is what lists hold, are read here: both the digits
  /// and the power of ten are exact then, and one division rounds as it must. The standard library
  /// reads the rest.
  ///
  /// - Source: W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990.
  static func value(_ bytes: ArraySlice<UInt8>) -> Double? {
    var digits = 0
    var digitCount = 0
    var decimals: Int?
    let isNegative = bytes.first == 0x2D
    for byte in isNegative ? bytes.dropFirst() : bytes {
      switch byte {
      case 0x30...0x39 where digitCount < mostExactDigits:
        digits = digits * 10 + Int(byte - 0x30)
        digitCount += 1
        decimals = decimals.map { $0 + 1 }
      case 0x2E where decimals == nil: decimals = 0
      default: return uncommonValue(bytes)
      }
    }
    guard digitCount > 0 else { return nil }
    let magnitude = Double(digits) / powersOfTen[decimals ?? 0]
    return isNegative ? -magnitude : magnitude
  }

  private static func uncommonValue(_ bytes: ArraySlice<UInt8>) -> Double? {
    // The standard library reads up to a NUL.
    guard bytes.count <= longestNumber && !bytes.contains(0) else { return nil }
    return Double(String(decoding: bytes, as: UTF8.self))
  }
}
