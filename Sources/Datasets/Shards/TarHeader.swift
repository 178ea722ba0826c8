/// One block of 512 bytes that stands before a member of a tar file.
///
/// - Source: POSIX.1-2017, pax interchange format; GNU tar's manual, "Basic Tar Format".
struct TarHeader: Equatable {
  static let blockBytes = 512

  /// What a member is.
  enum Kind: Equatable {
    case file
    case folder
    /// pax records for the next member.
    case extended
    /// pax records for all that follow.
    case extendedForAll
    /// GNU's way to name the next member, or the target of its link.
    case longName, longLink
    /// Anything that is no plain file, in words.
    case other(String)
  }

  var name: String
  var byteCount: Int
  var kind: Kind

  /// Whether a block is one of the two that end a tar file.
  static func isEnd(_ block: UnsafeRawBufferPointer) -> Bool { block.allSatisfy { $0 == 0 } }

  /// - Throws: `TarFlaw` where the block is no header.
  init(_ block: UnsafeRawBufferPointer) throws(TarFlaw) {
    let sums = Self.sums(block)
    guard let stored = Self.number(block, 148..<156),
      stored == sums.unsigned || stored == sums.signed
    else { throw TarFlaw("the header's checksum is wrong") }
    guard let byteCount = Self.number(block, 124..<136) else {
      throw TarFlaw("the member's size is no number")
    }
    self.byteCount = byteCount
    kind = Self.kind(block[156])
    let name = Self.text(block, 0..<100)
    // GNU's older format has times where POSIX has the prefix.
    let isPosix = Self.text(block, 257..<263) == "ustar"
    let prefix = isPosix ? Self.text(block, 345..<500) : ""
    self.name = prefix.isEmpty ? name : "\(prefix)/\(name)"
  }

  /// The header of a plain file, or of the records before one: no owner and no time, so that the same
  /// members are the same bytes.
  init(name: String, byteCount: Int, kind: Kind = .file) {
    self.name = name
    self.byteCount = byteCount
    self.kind = kind
  }

  /// The block, nil where the name or the size needs more room than it has.
  var block: [UInt8]? {
    guard let (prefix, name) = split, byteCount < 1 << 33 else { return nil }
    var block = [UInt8](repeating: 0, count: Self.blockBytes)
    func put(_ bytes: some Collection<UInt8>, at offset: Int) {
      block.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }
    put(name, at: 0)
    for (value, digits, offset) in [
      (0o644, 7, 100), (0, 7, 108), (0, 7, 116), (byteCount, 11, 124), (0, 11, 136),
    ] { put(Self.octal(value, digits: digits), at: offset) }
    put([UInt8](repeating: 0x20, count: 8), at: 148)
    block[156] = kind == .extended ? UInt8(ascii: "x") : UInt8(ascii: "0")
    put("ustar\u{0}00".utf8, at: 257)
    put(prefix, at: 345)
    let sum = block.reduce(0) { $0 + Int($1) }
    put(Self.octal(sum, digits: 6) + [0, 0x20], at: 148)
    return block
  }

  /// The name cut at a slash into at most 155 and at most 100 bytes.
  private var split: (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>)? {
    let bytes = Array(name.utf8)
    if bytes.count <= 100 { return ([], bytes[...]) }
    let earliest = max(1, bytes.count - 101)
    guard earliest < min(156, bytes.count - 1),
      let slash = bytes[earliest..<min(156, bytes.count - 1)].firstIndex(of: UInt8(ascii: "/"))
    else { return nil }
    return (bytes[..<slash], bytes[(slash + 1)...])
  }

  private static func octal(_ value: Int, digits: Int) -> [UInt8] {
    let text = Array(String(value, radix: 8).utf8)
    return [UInt8](repeating: UInt8(ascii: "0"), count: max(0, digits - text.count)) + text
  }

  // MARK: - Fields

  private static func kind(_ type: UInt8) -> Kind {
    switch type {
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
    case UInt8(ascii: "1"): .other("a hard link")
    case UInt8(ascii: "2"): .other("a symbolic link")
    case UInt8(ascii: "3"), UInt8(ascii: "4"): .other("a device")
    case UInt8(ascii: "5"): .folder
    case UInt8(ascii: "6"): .other("a pipe")
    case UInt8(ascii: "S"): .other("a sparse file")
    case UInt8(ascii: "x"): .extended
    case UInt8(ascii: "g"): .extendedForAll
    case UInt8(ascii: "L"): .longName
    case UInt8(ascii: "K"): .longLink
    default: .other("of the unknown type \(type)")
    }
  }

  private static func text(_ block: UnsafeRawBufferPointer, _ field: Range<Int>) -> String {
    var end = field.lowerBound
    while end < field.upperBound && block[end] != 0 { end += 1 }
    return String(
      decoding: UnsafeRawBufferPointer(rebasing: block[field.lowerBound..<end]), as: UTF8.self)
  }

  /// Octal digits, or a binary number where GNU tar needed more room; nil for anything else.
  private static func number(_ block: UnsafeRawBufferPointer, _ field: Range<Int>) -> Int? {
    if block[field.lowerBound] == 0x80 {
      var value = 0
      for index in (field.lowerBound + 1)..<field.upperBound {
        guard value < 1 << 54 else { return nil }
        value = value << 8 | Int(block[index])
      }
      return value
    }
    var start = field.lowerBound
    while start < field.upperBound && block[start] == 0x20 { start += 1 }
    var value = 0
    for index in start..<field.upperBound {
      if block[index] == 0x20 || block[index] == 0 { return index == start ? nil : value }
      guard (0x30...0x37).contains(block[index]) else { return nil }
      value = value << 3 | Int(block[index] - 0x30)
    }
    return start == field.upperBound ? nil : value
  }

  /// The sum of all bytes, the checksum's own taken as blanks; some writers add signed bytes.
  private static func sums(_ block: UnsafeRawBufferPointer) -> (unsigned: Int, signed: Int) {
    var sums = (unsigned: 8 * 0x20, signed: 8 * 0x20)
    for index in 0..<block.count where !(148..<156).contains(index) {
      sums.unsigned += Int(block[index])
      sums.signed += Int(Int8(bitPattern: block[index]))
    }
    return sums
  }
}

/// What is wrong with a tar file, without saying where; or another error that came in between.
struct TarFlaw: Error {
  let reason: String
  let underlying: DatasetError?

  init(_ reason: String) {
    self.reason = reason
    underlying = nil
  }

  init(_ underlying: DatasetError) {
    reason = "\(underlying)"
    self.underlying = underlying
  }
}
