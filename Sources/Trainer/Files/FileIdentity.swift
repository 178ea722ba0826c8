import Foundation

/// Which file a path names, whatever way it takes: links and detours name the same one.
package struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  /// Of a file that is not there yet, its name in the folder.
  private let name: String

  /// nil where not even the folder is there.
  package init?(of path: String) {
    let folder = DurableFiles.parent(of: path)
    for (place, name) in [(path, ""), (folder, path.split(separator: "/").last.map(String.init))] {
      var status = stat()
      guard let name, stat(place, &status) == 0 else { continue }
      (device, inode, self.name) = (UInt64(status.st_dev), UInt64(status.st_ino), name)
      return
    }
    return nil
  }

  /// The first two of some paths that name the same file.
  package static func firstPair(of paths: [String]) -> (String, String)? {
    var seen: [FileIdentity: String] = [:]
    for path in paths {
      guard let identity = FileIdentity(of: path) else { continue }
      if let other = seen.updateValue(path, forKey: identity) { return (other, path) }
    }
    return nil
  }
}
