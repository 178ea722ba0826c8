/// The plain files in a tar file, one after the other, by their headers.
///
/// Names are relative and stay below where they start; folders are passed over. Everything else that a
/// tar file can hold (links, devices, sparse files) is refused, and so is whatever contradicts itself.
/// Memory is bounded, whatever the headers say.
struct TarReader {
  /// A plain file in a tar file.
  struct Member: Equatable {
    /// Without a leading `./`.
    var name: String
    /// Where its content lies in the tar file.
    var extent: Range<Int>
  }

  /// Longer names and records than any writer has reason for.
  private static let longestRecords = 1 << 20

  let shard: OpenShard
  private var offset = 0
  /// What records before the next member say of it.
  private var nextName: String?
  private var nextByteCount: Int?

  init(_ shard: OpenShard) { self.shard = shard }

  private init(_ shard: OpenShard, at offset: Int) {
    self.shard = shard
    self.offset = offset
  }

  /// Whether records in front of a member's header say that it is `member`.
  ///
  /// They are looked for backwards, as far as records may be long: the nearest in one read of three blocks.
  static func recordsName(_ member: Member, in shard: OpenShard) -> Bool {
    let header = member.extent.lowerBound - TarHeader.blockBytes
    // The shortest are a header and a block.
    var start = header - 2 * TarHeader.blockBytes
    while start >= 0 && start >= header - longestRecords {
      var reader = TarReader(shard, at: start)
      if let found = try? reader.next(), found.extent == member.extent {
        return found == member
      }
      start -= TarHeader.blockBytes
    }
    return false
  }

  /// The next file, nil at the end.
  ///
  /// - Throws: `DatasetError.tar` naming file and byte, `DatasetError.unreadable`.
  mutating func next() throws(DatasetError) -> Member? {
    while true {
      let start = offset
      do throws(TarFlaw) {
        guard let header = try readHeader() else { return nil }
        let content = try extent(header)
        switch header.kind {
        case .folder: forgetRecords()
        case .longName: nextName = try records(content).text
        case .longLink, .extendedForAll: _ = try records(content)
        case .extended: try take(PaxRecords(try records(content)))
        case .other(let kind): throw TarFlaw("'\(header.name)' is \(kind), not a plain file")
        case .file:
          defer { forgetRecords() }
          return Member(name: try Self.contained(nextName ?? header.name), extent: content)
        }
      } catch {
        throw error.underlying ?? .tar(file: shard.path, offset: start, reason: error.reason)
      }
    }
  }

  private mutating func forgetRecords() { (nextName, nextByteCount) = (nil, nil) }

  private mutating func take(_ records: PaxRecords) {
    nextName = records.path ?? nextName
    nextByteCount = records.byteCount ?? nextByteCount
  }

  /// The next header, nil at the blocks that end the file.
  private mutating func readHeader() throws(TarFlaw) -> TarHeader? {
    guard offset + TarHeader.blockBytes <= shard.byteCount else {
      throw TarFlaw("the file ends without the two empty blocks of a whole tar file: truncated")
    }
    let block = try bytes(offset..<(offset + TarHeader.blockBytes))
    if block.withUnsafeBytes(TarHeader.isEnd) { return nil }
    offset += TarHeader.blockBytes
    return try TarHeader(of: block)
  }

  /// Where the content of a member lies, and moves on behind it.
  private mutating func extent(_ header: TarHeader) throws(TarFlaw) -> Range<Int> {
    let byteCount = header.kind == .file ? nextByteCount ?? header.byteCount : header.byteCount
    guard byteCount <= shard.byteCount - offset else {
      throw TarFlaw(
        "'\(header.name)' claims \(byteCount) bytes where \(shard.byteCount - offset) are left")
    }
    let content = offset..<(offset + byteCount)
    offset = (content.upperBound + TarHeader.blockBytes - 1) & ~(TarHeader.blockBytes - 1)
    return content
  }

  private func records(_ content: Range<Int>) throws(TarFlaw) -> [UInt8] {
    guard content.count <= Self.longestRecords else {
      throw TarFlaw("records of \(content.count) bytes about one member are refused")
    }
    return try bytes(content)
  }

  private func bytes(_ range: Range<Int>) throws(TarFlaw) -> [UInt8] {
    do throws(DatasetError) { return try shard.bytes(range) } catch { throw TarFlaw(error) }
  }

  /// The name without a leading `./`, however often it stands there.
  static func withoutLeadingDots(_ name: String) -> Substring {
    var name = name[...]
    while name.hasPrefix("./") { name = name.dropFirst(2) }
    return name
  }

  private static func contained(_ name: String) throws(TarFlaw) -> String {
    let name = String(withoutLeadingDots(name))
    guard Shard.isContained(name) else {
      throw TarFlaw("'\(name)' is no name below the folder that it starts from")
    }
    return name
  }
}

extension [UInt8] {
  /// The text before the first zero.
  fileprivate var text: String { String(decoding: prefix { $0 != 0 }, as: UTF8.self) }
}

extension TarHeader {
  fileprivate init(of block: [UInt8]) throws(TarFlaw) {
    let header = block.withUnsafeBytes { block in
      Result { () throws(TarFlaw) in try TarHeader(block) }
    }
    self = try header.get()
  }
}

/// What pax records say that matters here.
struct PaxRecords {
  private(set) var path: String?
  private(set) var byteCount: Int?

  /// Reads records of the form `LENGTH KEY=VALUE\n`, where the length counts all of it.
  init(_ bytes: [UInt8]) throws(TarFlaw) {
    var rest = bytes[...]
    while let first = rest.first, first != 0 {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 2,
        length <= rest.count, rest[rest.startIndex + length - 1] == 0x0A,
        rest[digits.endIndex] == 0x20
      else { throw TarFlaw("a pax record contradicts its length") }
      let record = rest[(digits.endIndex + 1)..<(rest.startIndex + length - 1)]
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
        throw TarFlaw("a pax record has no value")
      }
      try take(
        String(decoding: record[..<equals], as: UTF8.self),
        String(decoding: record[(equals + 1)...], as: UTF8.self))
      rest = rest[(rest.startIndex + length)...]
    }
  }

  private mutating func take(_ key: String, _ value: String) throws(TarFlaw) {
    switch key {
    case "path": path = value
    case "size":
      guard let size = Int(value), size >= 0 else {
        throw TarFlaw("a pax record has the size '\(value)'")
      }
      byteCount = size
    case _ where key.hasPrefix("GNU.sparse"): throw TarFlaw("a sparse file, not a plain file")
    default: break
    }
  }

  /// The records that give a member its name.
  static func naming(_ path: String) -> [UInt8] {
    let rest = Array(" path=\(path)\n".utf8)
    // The length counts its own digits.
    var length = rest.count + 1
    while String(length).utf8.count + rest.count != length { length += 1 }
    return Array(String(length).utf8) + rest
  }
}
