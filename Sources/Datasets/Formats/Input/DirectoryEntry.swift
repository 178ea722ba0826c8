import Foundation

/// One name in a folder, and what the folder says it is.
struct DirectoryEntry {
  /// What a name stands for.
  enum Kind {
    case file, folder, link, other
  }

  /// The name, with replacement characters where it is not UTF-8.
  let name: String
  let isUTF8: Bool
  let kind: Kind

  var isHidden: Bool { name.hasPrefix(".") }

  /// Everything in a folder, in no particular order.
  ///
  /// - Throws: `DatasetError.unreadable`.
  static func all(in folder: String) throws -> [DirectoryEntry] {
    guard !folder.utf8.contains(0), let stream = opendir(folder) else {
      throw DatasetError.unreadable(folder, folder.utf8.contains(0) ? EINVAL : errno)
    }
    defer { closedir(stream) }
    var entries: [DirectoryEntry] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      entries.append(DirectoryEntry(entry, in: folder))
    }
    // The end and a failure look the same but for this.
    if errno != 0 { throw DatasetError.unreadable(folder, errno) }
    return entries
  }

  private init(_ entry: UnsafeMutablePointer<dirent>, in folder: String) {
    let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { [UInt8]($0.prefix { $0 != 0 }) }
    let valid = String(validating: bytes, as: UTF8.self)
    name = valid ?? String(decoding: bytes, as: UTF8.self)
    isUTF8 = valid != nil
    kind =
      switch Int(entry.pointee.d_type) {
      case Int(DT_REG): .file
      case Int(DT_DIR): .folder
      case Int(DT_LNK): .link
      // Some file systems do not tell: then the system has to be asked.
      case Int(DT_UNKNOWN): Self.kind(of: "\(folder)/\(name)")
      default: .other
      }
  }

  private static func kind(of path: String) -> Kind {
    var status = stat()
    guard lstat(path, &status) == 0 else { return .other }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    case S_IFLNK: .link
    default: .other
    }
  }
}
