import Foundation

extension FaceManifest {
  /// How many of the faces have an image that another list has as well.
  ///
  /// Images are told apart by where they are, with links to folders followed: each folder is looked at
  /// once and no image at all, so that lists of millions are compared in seconds.
  public func countShared(with other: FaceManifest) -> Int {
    var places = ImagePlaces()
    var known: Set<String> = []
    other.forEachPlace(&places) { known.insert($0) }
    var count = 0
    forEachPlace(&places) { if known.contains($0) { count += 1 } }
    return count
  }

  /// Gives `body` the resolved path of each image; of one in a shard, the shard's and the image's name.
  private func forEachPlace(_ places: inout ImagePlaces, _ body: (String) -> Void) {
    guard let shards else {
      for record in records { body(places.resolved(path(of: record))) }
      return
    }
    var rest = records[...]
    for shard in shards {
      let file = places.resolved("\(root)/\(shard.name)")
      for record in rest.prefix(shard.sampleCount) { body("\(file)/\(record.imagePath)") }
      rest = rest.dropFirst(shard.sampleCount)
    }
  }
}

/// Resolved paths of files, of which many are in the same folder.
private struct ImagePlaces {
  private var folders: [String: String] = [:]

  mutating func resolved(_ path: String) -> String {
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = end.map { String(path[...$0]) } ?? "."
    let name = path[(end.map { path.utf8.index(after: $0) } ?? path.startIndex)...]
    if let known = folders[folder] { return known + "/" + name }
    let resolved = URL(fileURLWithPath: folder.isEmpty ? "." : folder).resolvingSymlinksInPath()
      .path
    folders[folder] = resolved
    return resolved + "/" + name
  }
}
