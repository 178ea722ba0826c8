/// One image, sound or film that a split names.
struct MediaItem {
  enum Kind { case image, sound, film }

  var kind: Kind
  /// Where it is; for one in a shard only what it is called.
  var path: String
  /// Its place in the list of shards, nil for a file.
  var shardSample: Int?
  /// The face in an image, nil for the whole image.
  var box: FaceBox?
  /// Where its eyes are, nil where the list does not say.
  var eyes: EyeCenters?
  /// The part of a sound, nil for all of it.
  var seconds: Range<Double>?
  /// How long a sound or a film is at least, where annotations say so.
  var neededSeconds = 0.0
  /// The list that names it, or the folder.
  var list: String
  /// The line of the list, 0 for a folder.
  var line = 0

  /// The finding that something is wrong with it.
  func finding(_ kind: Finding.Kind, _ reason: String) -> Finding {
    guard line > 0 || shardSample != nil else {
      return Finding(
        kind: kind, file: path,
        reason: reason.hasPrefix("\(path): ") ? String(reason.dropFirst(path.count + 2)) : reason)
    }
    return Finding(kind: kind, file: list, line: line, reason: reason)
  }

  /// What a finding about another item calls it.
  var place: String { line > 0 ? "\(list):\(line)" : path }
}

/// A split with the images, sounds or films that it names, which are made when they are asked for.
struct VerifiedPart: Sendable {
  var report: PartReport
  var itemCount: Int
  /// The item of an index below `itemCount`.
  var item: @Sendable (Int) -> MediaItem
  /// Where the images are, nil for files.
  var shards: OpenShards?

  init(
    _ report: PartReport, itemCount: Int, shards: OpenShards? = nil,
    item: @escaping @Sendable (Int) -> MediaItem
  ) {
    self.report = report
    self.itemCount = itemCount
    self.shards = shards
    self.item = item
  }

  /// The split that a list's name means, such as that of `training.csv`; the name where it means none.
  static func name(ofList path: String) -> String {
    let stem = FolderListing.stem(FolderListing.name(path))
    let words = stem.split { !$0.isLetter }
    return words.lazy.compactMap { Split(name: $0) }.first?.rawValue ?? String(stem)
  }
}

extension [ClassCount] {
  /// The classes with their counts, in the order of the classes.
  init<Class: CaseIterable>(_ classes: Class.Type, _ counts: [Int]) {
    self = zip(Class.allCases, counts).map { ClassCount(name: "\($0)", count: $1) }
  }
}
