/// One data set of a synthetic corpus.
///
/// Items are pure functions of (seed, item) and of how many there are, so that a set is the same to
/// the byte whichever machine of a kind and however many threads wrote it.
protocol SyntheticSet: Sendable {
  /// The name of its folder.
  var name: String { get }
  /// Items, each of which is made by one thread.
  var itemCount: Int { get }
  /// What the user reads about it.
  var summary: String { get }
  /// Folders that items are written to, relative to the set's.
  var folders: [String] { get }

  /// Makes an item's files.
  ///
  /// - Returns: its row of the set's lists; empty where it has none.
  func write(_ item: Int, to folder: OutputFolder, with studio: FaceStudio) throws -> String

  /// Writes the set's lists: what says that it is complete comes last.
  func writeLists(_ rows: [String], to folder: OutputFolder) throws
}

extension SyntheticSet {
  /// Makes all items.
  ///
  /// - Returns: their rows, for the lists.
  func writeItems(to folder: OutputFolder, threads: Int) throws -> [String] {
    try folders.forEach(folder.make)
    return try ItemThreads.run(count: itemCount, threads: threads) { item, studio in
      try write(item, to: folder, with: studio)
    }
  }

  /// The folders that `count` files are spread over, so that none has too many.
  func subfolders(for count: Int, of parent: String) -> [String] {
    (0..<((count + NumberedFile.perFolder - 1) / NumberedFile.perFolder)).map { "\(parent)/\($0)" }
  }

  /// The text of a list.
  func list(_ header: String?, _ rows: some Sequence<String>) -> String {
    ((header.map { [$0] } ?? []) + rows).joined(separator: "\n") + "\n"
  }
}

/// Where numbered files lie.
enum NumberedFile {
  static let perFolder = 500

  /// The path of a picture within its set.
  static func path(_ number: Int, in parent: String, name: String) -> String {
    "\(parent)/\(number / perFolder)/\(name)-\(number).jpg"
  }
}

/// A number with leading zeros.
func padded(_ number: Int, _ digits: Int) -> String {
  let text = "\(number)"
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
