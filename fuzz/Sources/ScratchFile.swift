import Foundation

/// A file in memory that is written anew for each input.
///
/// It lies in the folder for temporary files, which `run` puts into memory and removes at the end.
final class ScratchFile {
  let path: String
  /// The folder that it lies in.
  let folder: String
  private let descriptor: CInt

  /// - Parameter name: relative to a folder of its own.
  init(_ name: String) {
    let own = FileManager.default.temporaryDirectory
      .appendingPathComponent("scratch-\(getpid())-\(UUID().uuidString)")
    let url = own.appendingPathComponent(name)
    try? FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    folder = own.path
    path = url.path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    require(descriptor >= 0, "\(path): cannot be made")
  }

  func write(_ bytes: [UInt8]) {
    require(ftruncate(descriptor, 0) == 0, "\(path): cannot be emptied")
    require(pwrite(descriptor, bytes, bytes.count, 0) == bytes.count, "\(path): cannot be written")
  }
}
