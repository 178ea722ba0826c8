/// A tar file that holds images of a list.
public struct Shard: Equatable, Codable, Sendable {
  /// Bytes of the largest image that is read, as of one in a file.
  static let largestImage = 256 << 20

  /// The file, relative to the folder of the list.
  public var name: String
  /// Bytes of the file: another size means another file than the one that was listed.
  public var byteCount: Int
  /// Images; a list has them in the order of its shards.
  public var sampleCount: Int

  /// A shard with every field given.
  public init(name: String, byteCount: Int, sampleCount: Int) {
    self.name = name
    self.byteCount = byteCount
    self.sampleCount = sampleCount
  }

  /// Whether `name` stays below the folder that it is relative to.
  static func isContained(_ name: String) -> Bool {
    // By bytes, as the system reads names: a slash with an accent on it is another character.
    !name.utf8.contains(0)
      && !name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).contains {
        $0.isEmpty || $0.elementsEqual("..".utf8)
      }
  }

  /// Throws `PackedListProblem` where shards cannot be those of a list.
  static func check(
    _ shards: [Shard], holding records: FaceRecords
  ) throws(PackedListProblem) {
    guard records.layout.hasLocations else {
      throw PackedListProblem("has shards and no places in them")
    }
    var first = 0
    for shard in shards {
      guard isContained(shard.name) else {
        throw PackedListProblem("names the shard '\(shard.name)', which is not below its folder")
      }
      guard (0...records.count - first).contains(shard.sampleCount) else {
        throw PackedListProblem("has \(records.count) rows and shards with more")
      }
      let end = first + shard.sampleCount
      let outside = (first..<end).first { row in
        guard let extent = records.extent(at: row) else { return true }
        return extent.lowerBound < TarHeader.blockBytes || extent.upperBound > shard.byteCount
          || extent.count > largestImage
      }
      if let outside {
        throw PackedListProblem("row \(outside) has no possible place in '\(shard.name)'")
      }
      first = end
    }
    guard first == records.count else {
      throw PackedListProblem("has \(records.count) rows and shards with \(first)")
    }
  }
}
