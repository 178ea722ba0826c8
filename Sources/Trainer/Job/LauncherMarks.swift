import Foundation

/// Which mpiruns, or daemons of them, have started this program on this machine: files in the user's own
/// temporary folder, by which a later start knows what leftovers it may remove. A job that is killed cannot
/// remove its own; one that ends well cannot know whether its mpirun will: both leave their mark to that start.
struct LauncherMarks {
  /// The folder of the files; each is named after a process.
  let folder: String

  /// This user's.
  init(folder: String = "\(NSTemporaryDirectory())aver-launchers-\(geteuid())") {
    self.folder = folder
  }

  /// Removes what jobs have left whose mpirun is dead, and notes this job's. Where the folder cannot be
  /// written, all stays as it is.
  ///
  /// - Parameters:
  ///   - launcher: the process that has started this one.
  ///   - session: where that keeps what is its own.
  ///   - remove: removes what a launcher has left; false where that has to wait for another start.
  func replace(
    with launcher: FileWriter, session: OpenMPISession?,
    remove: (Int32, OpenMPISession?) -> Bool = {
      OpenMPILeftovers(ofLauncher: $0, told: $1).remove() != nil
    }
  ) {
    // Its owner's alone: what is noted here is removed.
    _ = mkdir(folder, 0o700)
    var status = stat()
    guard lstat(folder, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 == 0
    else { return }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard let dead = FileWriter(name: Substring(name)), dead.isDead else { continue }
      let session = (try? DurableFiles.contents("\(folder)/\(name)")).flatMap { $0 }.flatMap {
        try? JSONDecoder().decode(OpenMPISession.self, from: Data($0))
      }
      guard remove(dead.process, session) else { continue }
      unlink("\(folder)/\(name)")
    }
    let note = session.flatMap { try? JSONEncoder().encode($0) }.map(Array.init)
    try? DurableFiles.write(note ?? [], to: "\(folder)/\(launcher.name)")
  }
}
