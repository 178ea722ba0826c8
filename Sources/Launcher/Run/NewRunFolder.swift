import Foundation

/// A run folder that no other launcher gets, though it be started in the same second, as those of a sweep
/// are: both would go on from each other's checkpoints.
public struct NewRunFolder: Sendable {
  /// The folder.
  public let path: String

  /// Makes an empty folder of this name, or with a number behind it where there is one already.
  ///
  /// - Throws: `LaunchError.runFolder` where none can be made.
  public init(named name: String) throws {
    let parent = URL(fileURLWithPath: name).deletingLastPathComponent()
    // What stands against it is told by the call that follows.
    try? FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    var candidate = name
    var number = 1
    while mkdir(candidate, 0o777) != 0 {
      guard errno == EEXIST else {
        throw LaunchError.runFolder(candidate, reason: String(cString: strerror(errno)))
      }
      number += 1
      candidate = "\(name)-\(number)"
    }
    path = candidate
  }

  /// Removes the folder where nothing came of the run.
  public func removeIfEmpty() { rmdir(path) }
}
