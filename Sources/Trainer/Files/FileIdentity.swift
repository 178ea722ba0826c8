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

  /// Why files cannot be written without the loss of what is read, or of each other; nil where they can.
  ///
  /// - Parameters:
  ///   - writing: each takes, until it is whole, the place of `UnfinishedFile`.
  ///   - reading: files; names of nothing do no harm.
  package static func conflict(writing: [String], reading: [String]) -> String? {
    var written: [FileIdentity: (file: String, place: String)] = [:]
    for file in writing {
      for place in [file, UnfinishedFile.path(of: file)] {
        guard let identity = FileIdentity(of: place) else { continue }
        if let other = written.updateValue((file, place), forKey: identity) {
          return other.place == other.file && place == file
            ? "\(other.file) and \(file) are the same file; name two"
            : "\(other.file) and \(file) would be written to the same file, \(place), for a while; name "
              + "others"
        }
      }
    }
    for file in reading where DurableFiles.exists(file) {
      guard let taker = FileIdentity(of: file).flatMap({ written[$0] }) else { continue }
      return "\(file) is read, and \(taker.file) would "
        + (taker.place == taker.file ? "replace it" : "be written to it at first")
        + "; name another file"
    }
    return nil
  }
}
