import Foundation

/// The files of a folder and of all folders in it, from one listing of each.
///
/// Nothing is opened, and nothing but links is asked what it is: the listing itself tells. Names that
/// begin with a dot are passed over, folders too. Links to folders are followed and each folder is
/// listed once, so that a loop of links ends; a folder that is also reached without a link keeps that
/// path. A link with a wanted name is taken for a file.
struct FolderListing {
  /// Paths relative to the folder, in the order of their bytes.
  private(set) var files: [String] = []
  /// Wanted or not, names that are not UTF-8: no list of ours could hold them.
  private(set) var problems: [RowProblem] = []

  private struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  private let root: String
  private let isWanted: (Substring) -> Bool
  private var visited: Set<Identity> = []
  private var folders: [String] = [""]
  private var links: [String] = []

  /// Lists `root`.
  ///
  /// - Parameter isWanted: whether a file of this name is listed.
  /// - Throws: `DatasetError.unreadable` naming the folder that cannot be listed.
  init(of root: String, where isWanted: @escaping (_ name: Substring) -> Bool) throws {
    self.root = root
    self.isWanted = isWanted
    while true {
      if let folder = folders.popLast() {
        try list(folder)
      } else if !links.isEmpty {
        let link = links.removeFirst()
        if isFolder(link) { try list(link) }
      } else {
        break
      }
    }
    files.sort(by: Self.precedes)
  }

  private mutating func list(_ folder: String) throws {
    guard try isNew(folder) else { return }
    let prefix = folder.isEmpty ? "" : "\(folder)/"
    var found: [DirectoryEntry] = []
    for entry in try DirectoryEntry.all(in: path(folder)) where !entry.isHidden {
      if entry.isUTF8 {
        found.append(entry)
      } else {
        problems.append(
          RowProblem(
            file: path(folder), line: 0, column: nil,
            reason: "the name '\(entry.name)' is not UTF-8; rename the file"))
      }
    }
    // In a fixed order, because it decides by which link a folder is found.
    for entry in found.sorted(by: { Self.precedes($0.name, $1.name) }) {
      let isFolder = entry.kind == .folder
      if !isFolder && entry.kind != .other && isWanted(entry.name[...]) {
        files.append(prefix + entry.name)
      } else if isFolder {
        folders.append(prefix + entry.name)
      } else if entry.kind == .link {
        links.append(prefix + entry.name)
      }
    }
  }

  private mutating func isNew(_ folder: String) throws -> Bool {
    var status = stat()
    guard stat(path(folder), &status) == 0 else {
      throw DatasetError.unreadable(path(folder), errno)
    }
    let identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    return visited.insert(identity).inserted
  }

  private func isFolder(_ link: String) -> Bool {
    var status = stat()
    return stat(path(link), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private func path(_ relative: String) -> String {
    relative.isEmpty ? root : "\(root)/\(relative)"
  }
}

extension FolderListing {
  /// The names in one folder, in the order of their bytes, without those that begin with a dot.
  ///
  /// - Throws: `DatasetError.unreadable`, also for a name that is not UTF-8.
  static func names(in folder: String) throws -> [String] {
    let entries = try DirectoryEntry.all(in: folder).filter { !$0.isHidden }
    if let broken = entries.first(where: { !$0.isUTF8 }) {
      throw DatasetError.unreadable(
        file: folder, reason: "the name '\(broken.name)' in it is not UTF-8; rename the file")
    }
    return entries.map(\.name).sorted(by: precedes)
  }

  /// Whether `left` comes first, byte by byte: the same order everywhere, whatever the locale.
  static func precedes(_ left: String, _ right: String) -> Bool {
    var (left, right) = (left, right)
    return left.withUTF8 { left in
      right.withUTF8 { right in
        guard let leftBytes = left.baseAddress, let rightBytes = right.baseAddress else {
          return left.count < right.count
        }
        let order = memcmp(leftBytes, rightBytes, min(left.count, right.count))
        return order == 0 ? left.count < right.count : order < 0
      }
    }
  }

  /// What follows the last dot of a file's name, in lower case; empty where there is no dot.
  static func fileExtension(_ name: some StringProtocol) -> String {
    guard let dot = name.lastIndex(of: ".") else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }

  /// A file's name without its last dot and what follows.
  static func stem(_ name: Substring) -> Substring {
    name.lastIndex(of: ".").map { name[..<$0] } ?? name
  }

  /// What follows the last slash of a path.
  static func name(_ path: String) -> Substring {
    path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
  }
}
