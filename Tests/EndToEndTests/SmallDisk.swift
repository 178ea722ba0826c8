import Foundation

/// A file system of some size on a folder.
struct SmallDisk {
  private let folder: String

  /// - Parameters:
  ///   - folder: made where there is none.
  ///   - size: as mount(8) wants it, such as `190m`.
  /// - Returns: nil, which is said, without the right to mount.
  init?(at folder: String, size: String) throws {
    self.folder = folder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    guard geteuid() == 0, Self.run(["mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", folder])
    else {
      print("skipped: mounting a file system needs root and the right to do so")
      return nil
    }
  }

  /// Takes it away, with all that is on it.
  func unmount() { _ = Self.run(["umount", folder]) }

  /// Changes it.
  ///
  /// - Parameter options: such as `ro`, `rw` or `size=1g`.
  /// - Returns: whether that was possible.
  func remount(_ options: String) -> Bool {
    Self.run(["mount", "-o", "remount,\(options)", folder])
  }

  private static func run(_ words: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
