/// The names of shards, as WebDataset writes them: `train-{000000..000099}.tar`, or one file.
struct ShardPattern {
  /// More shards than a list should have; it bounds what a slip in a number costs.
  private static let mostShards = 1_000_000
  /// Zeros before a number beyond this are no number of shards; it bounds the names.
  private static let mostDigits = 18

  /// The folder of the shards, without the slash.
  let folder: String
  /// The files, relative to the folder.
  let names: [String]
  /// Where the list of the shards is kept.
  let indexPath: String

  /// Whether `path` names shards and not a list.
  static func isPattern(_ path: String) -> Bool { path.hasSuffix(".tar") }

  /// - Throws: `DatasetError.setting` where the braces hold no range.
  init(_ path: String) throws(DatasetError) {
    folder = Self.folder(of: path)
    let slash = path.lastIndex(of: "/")
    names = try Self.expanded(slash.map { path[path.index(after: $0)...] } ?? path[...])
    indexPath = Self.indexPath(ofShards: path)
  }

  /// The folder that a file lies in.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// `train-{000000..000099}.tar` is listed in `train.index`.
  static func indexPath(ofShards path: String) -> String {
    var stem = path.hasSuffix(".tar") ? path.dropLast(4) : path[...]
    if let open = stem.lastIndex(of: "{"), let close = stem.lastIndex(of: "}"), open < close {
      stem = stem[..<open] + stem[stem.index(after: close)...]
    }
    while let last = stem.last, "-_.".contains(last) { stem = stem.dropLast() }
    return "\(stem).index"
  }

  private static func expanded(_ name: Substring) throws(DatasetError) -> [String] {
    guard let open = name.firstIndex(of: "{") else { return [String(name)] }
    func refused(_ reason: String) -> DatasetError { .setting(name: String(name), reason: reason) }
    guard let close = name.firstIndex(of: "}"), open < close,
      !name[name.index(after: close)...].contains(where: { "{}".contains($0) })
    else { throw refused("one pair of braces is understood, as in train-{000000..000099}.tar") }
    let bounds = name[name.index(after: open)..<close].split(
      separator: ".", omittingEmptySubsequences: false)
    guard bounds.count == 3, bounds[1].isEmpty, bounds[0].count <= mostDigits,
      let first = Int(bounds[0]), let last = Int(bounds[2]), first >= 0, first <= last,
      last - first < mostShards
    else { throw refused("the braces hold no range of numbers such as 000000..000099") }
    let digits = bounds[0].hasPrefix("0") ? bounds[0].count : 1
    let (start, end) = (String(name[..<open]), String(name[name.index(after: close)...]))
    return (first...last).map { "\(start)\(padded($0, digits: digits))\(end)" }
  }

  /// A number with zeros in front.
  static func padded(_ number: Int, digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
