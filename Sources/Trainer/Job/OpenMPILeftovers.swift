import Foundation

/// What a job of Open MPI leaves on this machine when its mpirun, or mpirun's daemon here, is killed: the
/// ranks' segments of shared memory, which take memory until the machine is started anew, and the session
/// folder.
///
/// mpirun's session folder has its process number in its name, and the job's number in its file
/// `contact.txt`; of a daemon's, only the job knows. The segments have the job's number in their names.
/// Nothing is touched while that process is there, nor segments that any process has mapped, nor what another
/// user owns.
///
/// - Source: Open MPI 4.1, `orte/util/session_dir.c` and `opal/mca/btl/vader/btl_vader_module.c`.
public struct OpenMPILeftovers {
  private let launcher: Int32
  private let told: OpenMPISession?
  private let temporaryFolders: [String]
  private let sharedMemory: String
  private let user = geteuid()

  /// What the job of an mpirun may have left.
  ///
  /// - Parameters:
  ///   - launcher: the process number that mpirun had.
  ///   - temporaryFolders: the folders that session folders may be in.
  ///   - sharedMemory: the folder of shared memory.
  public init(
    ofLauncher launcher: Int32,
    temporaryFolders: [String] = LaunchEnvironment.current.temporaryFolders,
    sharedMemory: String = "/dev/shm"
  ) {
    self.init(
      ofLauncher: launcher, told: nil, temporaryFolders: temporaryFolders,
      sharedMemory: sharedMemory)
  }

  /// What a job may have left here.
  ///
  /// - Parameters:
  ///   - launcher: the process number that its mpirun, or the daemon, had.
  ///   - told: what the job's ranks knew of its session; nil where they knew nothing.
  init(
    ofLauncher launcher: Int32, told: OpenMPISession?,
    temporaryFolders: [String] = LaunchEnvironment.current.temporaryFolders,
    sharedMemory: String = "/dev/shm"
  ) {
    self.launcher = launcher
    self.told = told
    self.temporaryFolders = temporaryFolders
    self.sharedMemory = sharedMemory
  }

  /// Removes it, as far as that is possible: what stays is only in the way of others.
  ///
  /// - Returns: the paths that were removed; nil where processes of the job are still there, as ranks are
  ///   for a moment after mpirun was killed: a later start may remove it.
  @discardableResult
  public func remove() -> [String]? {
    guard launcher > 0, FileWriter.hasEnded(launcher) else { return nil }
    let sessions = told.map { [$0] } ?? Set(temporaryFolders).sorted().flatMap(sessions)
    let segments = sessions.flatMap(segments)
    guard !areMapped(segments) else { return nil }
    let folders = sessions.filter(isThere).map(\.folder)
    return (segments + folders).filter {
      (try? FileManager.default.removeItem(atPath: $0)) != nil
    }
  }

  private func sessions(in folder: String) -> [OpenMPISession] {
    names(in: folder).compactMap { name in
      let session = "\(folder)/\(name)/pid.\(launcher)"
      guard isOwn(session, S_IFDIR), let family = family(ofSession: session) else { return nil }
      return OpenMPISession(folder: session, family: family)
    }
  }

  /// Whether a session's folder is there: the process's number may have been given again.
  private func isThere(_ session: OpenMPISession) -> Bool {
    guard isOwn(session.folder, S_IFDIR) else { return false }
    return session.launcher == nil || family(ofSession: session.folder) == session.family
  }

  /// Reads `1331101696.0;tcp://…`, the job's number and mpirun's place in it, and the process number.
  private func family(ofSession folder: String) -> UInt32? {
    let path = "\(folder)/contact.txt"
    guard isOwn(path, S_IFREG), let text = try? String(contentsOfFile: path, encoding: .utf8)
    else { return nil }
    let lines = text.split(separator: "\n")
    guard lines.count == 2, Int32(lines[1]) == launcher,
      let job = lines[0].split(separator: ".").first.flatMap({ UInt32($0) })
    else { return nil }
    return job >> 16
  }

  private func segments(of session: OpenMPISession) -> [String] {
    guard let host = session.host(user: user) else { return [] }
    let prefix = "vader_segment.\(host).\(user)."
    return names(in: sharedMemory).filter { name in
      let parts = name.dropFirst(prefix.count).split(separator: ".")
      return name.hasPrefix(prefix) && parts.count == 2
        && UInt32(parts[0], radix: 16).map { $0 >> 16 } == session.family
    }.map { "\(sharedMemory)/\($0)" }.filter { isOwn($0, S_IFREG) }
  }

  private func areMapped(_ segments: [String]) -> Bool {
    guard !segments.isEmpty else { return false }
    let mapped = mappedFiles()
    return segments.contains { path in mapped.contains { $0.contains(path) } }
  }

  /// The lists of files that processes have mapped, as far as they are this user's: segments are, too.
  private func mappedFiles() -> [String] {
    names(in: "/proc").filter { Int32($0) != nil }.compactMap { process in
      // Such a file tells no length, and Foundation stops at its first page.
      (try? DurableFiles.contents("/proc/\(process)/maps")).flatMap { $0 }
        .map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// Whether there is a file of this kind which is this user's, and no link to one.
  private func isOwn(_ path: String, _ kind: mode_t) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_uid == user && status.st_mode & S_IFMT == kind
  }

  private func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }
}
