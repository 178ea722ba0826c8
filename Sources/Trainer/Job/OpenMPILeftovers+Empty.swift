import Foundation

extension OpenMPILeftovers {
  /// Only in the moment in which it is made, the folder of a process that lives is empty.
  private static let leastSeconds = 60.0

  /// Removes what processes without an mpirun leave when they are killed: an empty session folder each.
  ///
  /// - Parameters:
  ///   - temporaryFolders: the folders that session folders may be in.
  ///   - now: what their age is counted from.
  static func removeEmptySessions(
    in temporaryFolders: [String] = LaunchEnvironment.current.temporaryFolders, now: Date = Date()
  ) {
    for folder in Set(temporaryFolders) {
      for path in paths(matching: "\(folder)/ompi.*.\(geteuid())/jf.*") {
        var status = stat()
        guard lstat(path, &status) == 0,
          now.timeIntervalSince1970 - Double(status.st_mtim.tv_sec) > leastSeconds
        else { continue }
        // Where there is anything in it, it stays.
        rmdir(path)
      }
    }
  }

  private static func paths(matching pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
  }
}
