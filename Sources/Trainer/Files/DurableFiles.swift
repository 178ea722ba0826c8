import Files
import Foundation

/// Files that are whole or not there, even when the power fails.
package enum DurableFiles {
  /// Writes `bytes` to `path` by way of a temporary file beside it: readers see the old content or
  /// the new one, never a part.
  ///
  /// - Throws: `TrainerError.system`.
  package static func replace(_ path: String, with bytes: [UInt8]) throws {
    let file = try UnfinishedFile(path)
    try write(bytes, to: file.path)
    try file.finish()
  }

  /// Writes `bytes` to `path` and waits until they are on the device.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let file = try systemCall("open", path) {
      open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    }
    defer { close(file) }
    try writeAll(bytes, to: file, path: path)
    try systemCall("fsync", path) { fsync(file) }
  }

  /// A value as JSON for people and programs, the same each time, with a line's end.
  package static func json(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }

  /// Appends all of `bytes` to an open file.
  package static func writeAll(_ bytes: some Collection<UInt8>, to file: CInt, path: String) throws
  {
    var rest = ArraySlice(bytes)
    while !rest.isEmpty {
      let written = try rest.withUnsafeBytes { buffer in
        try systemCall("write", path) { Foundation.write(file, buffer.baseAddress, buffer.count) }
      }
      rest = rest.dropFirst(written)
    }
  }

  /// Writes all of `bytes` to their place in an open file.
  static func write(
    _ bytes: UnsafeRawBufferPointer, to file: CInt, at offset: Int, path: String
  ) throws {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      done += try systemCall("write", path) {
        pwrite(file, rest.baseAddress, rest.count, off_t(offset + done))
      }
    }
  }

  /// Makes a file of `count` bytes that are still to be written.
  static func make(_ path: String, ofBytes count: Int) throws {
    let file = try systemCall("open", path) {
      open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    }
    defer { close(file) }
    try systemCall("ftruncate", path) { ftruncate(file, off_t(count)) }
  }

  /// Throws `TrainerError.system` where the file system of a folder has no room for so many bytes. Quotas
  /// show when they are written.
  static func requireRoom(_ count: Int, in folder: String) throws {
    var status = statvfs()
    try systemCall("statvfs", folder) { statvfs(folder, &status) }
    let room = Int(clamping: status.f_bavail).multipliedReportingOverflow(
      by: Int(clamping: status.f_frsize))
    guard room.overflow || room.partialValue >= count else {
      let (wanted, free) = (count >> 20, room.partialValue >> 20)
      throw TrainerError.system(
        call: "write", path: folder,
        reason: "\(String(cString: strerror(ENOSPC))) (\(wanted) MiB wanted, \(free) free)")
    }
  }

  /// Renames, and makes the renaming durable.
  static func rename(_ source: String, to destination: String) throws {
    try systemCall("rename", source) { Foundation.rename(source, destination) }
    try synchronise(parent(of: destination))
  }

  /// Waits until a file or folder is on the device.
  static func synchronise(_ path: String) throws {
    let file = try systemCall("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(file) }
    try systemCall("fsync", path) { fsync(file) }
  }

  /// Makes a folder and those above it, where they are not there yet.
  package static func makeFolder(_ path: String) throws {
    if path.isEmpty || path == "/" || path == "." { return }
    if mkdir(path, 0o777) == 0 { return }
    if errno == ENOENT {
      try makeFolder(parent(of: path))
      if mkdir(path, 0o777) == 0 { return }
    }
    let reason = errno
    // Another process may have made it meanwhile.
    if reason == EEXIST, isFolder(path) { return }
    throw TrainerError.system(
      call: "mkdir", path: path, reason: String(cString: strerror(reason)))
  }

  /// Throws `TrainerError.system` where no file can be made in a folder.
  package static func requireWritable(_ folder: String) throws {
    try systemCall("access", folder) { access(folder, W_OK | X_OK) }
  }

  /// Throws `TrainerError.system` where a folder has no room for so many bytes more: its disk is full, or a quota is
  /// used up.
  package static func requireRoom(for bytes: Int, in folder: String) throws {
    let path = "\(folder)/.room-\(getpid())"
    let file = try systemCall("open", path) { open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600) }
    defer {
      close(file)
      unlink(path)
    }
    let code = posix_fallocate(file, 0, off_t(bytes))
    guard code == ENOSPC || code == EDQUOT else { return }
    throw TrainerError.system(
      call: "posix_fallocate", path: folder, reason: String(cString: strerror(code)))
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// Removes a file, or a folder with its content; nothing where there is none.
  package static func remove(_ path: String) throws {
    guard hasEntry(path) else { return }
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw TrainerError.system(call: "remove", path: path, reason: reason(of: error))
    }
  }

  /// Whether a folder has an entry at `path`: be it a link that leads nowhere.
  static func hasEntry(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// The names of all entries of a folder; none where there is no folder.
  ///
  /// - Throws: `TrainerError.system` where it cannot be read.
  package static func names(in folder: String) throws -> [String] {
    var status = stat()
    if lstat(folder, &status) != 0, [ENOENT, ENOTDIR].contains(errno) { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw TrainerError.system(call: "readdir", path: folder, reason: reason(of: error))
    }
  }

  /// Whether there is anything at `path`.
  package static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }

  /// The content of a regular file, nil where there is no file.
  ///
  /// - Parameter limit: more bytes than what is read there ever has; it bounds the memory that a stray
  ///   file can claim.
  /// - Throws: `TrainerError.system` where there is one that cannot be read, or is larger.
  package static func contents(_ path: String, limit: Int = 64 << 20) throws -> [UInt8]? {
    guard try size(path) != nil else { return nil }
    let file = try openRegular(path)
    defer { close(file) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try systemCall("read", path) { read(file, &buffer, buffer.count) }
      if count == 0 { return content }
      content += buffer[..<count]
      if content.count > limit {
        throw TrainerError.system(
          call: "read", path: path, reason: "has more than \(limit) bytes")
      }
    }
  }

  /// Opens a regular file for reading; who calls closes it.
  ///
  /// - Throws: `TrainerError.system`.
  static func openRegular(_ path: String) throws -> CInt {
    do throws(OpeningFailure) {
      return try OpenedFile(path).descriptor
    } catch {
      throw TrainerError.system(call: "open", path: path, reason: error.reason)
    }
  }

  /// The bytes of a regular file, nil where there is nothing.
  ///
  /// - Throws: `TrainerError.system` where there is something else, or that cannot be found out.
  static func size(_ path: String) throws -> Int? {
    switch try target(of: path) {
    case .nothing: nil
    case .file(let bytes): bytes
    case .other(let what): throw TrainerError.system(call: "open", path: path, reason: what)
    }
  }

  /// What a path leads to.
  enum Target: Equatable {
    case nothing
    /// A regular file of so many bytes.
    case file(bytes: Int)
    /// What no retry makes a file of, in words: a folder, a pipe, a link to itself.
    case other(String)
  }

  /// What a path leads to, links followed.
  ///
  /// - Throws: `TrainerError.system` where that cannot be found out.
  static func target(of path: String) throws -> Target {
    var status = stat()
    if stat(path, &status) == 0 {
      let isRegular = status.st_mode & S_IFMT == S_IFREG
      return isRegular ? .file(bytes: Int(status.st_size)) : .other("not a regular file")
    }
    let code = errno
    switch code {
    case ENOENT, ENOTDIR: return .nothing
    case ELOOP: return .other(String(cString: strerror(code)))
    default:
      throw TrainerError.system(call: "stat", path: path, reason: String(cString: strerror(code)))
    }
  }

  /// The folder that `path` lies in.
  ///
  /// Foundation's `deletingLastPathComponent` ends the process for a path of one character.
  package static func parent(of path: String) -> String {
    let slash = UInt8(ascii: "/")
    let name = path.utf8.lastIndex { $0 != slash } ?? path.startIndex
    guard let end = path.utf8[..<name].lastIndex(of: slash) else {
      return path.utf8.first == slash ? "/" : "."
    }
    guard let last = path.utf8[..<end].lastIndex(where: { $0 != slash }) else { return "/" }
    return String(path[...last])
  }

  /// Foundation wraps the system's own words twice.
  private static func reason(of error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    return (underlying ?? error as NSError).localizedDescription
  }
}
