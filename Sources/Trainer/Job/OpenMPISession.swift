import Foundation

/// Where a job of Open MPI keeps what is its own on this machine, as its ranks are told.
struct OpenMPISession: Codable, Hashable, Sendable {
  /// The session folder: `…/ompi.HOST.USER/pid.N` beside mpirun, `…/ompi.HOST.USER/jf.N` beside a daemon.
  var folder: String
  /// What the numbers of all parts of the job have in common.
  var family: UInt32

  private static let folderName = "OMPI_MCA_orte_jobfam_session_dir"
  private static let jobName = "OMPI_MCA_ess_base_jobid"

  /// A session with every field given.
  init(folder: String, family: UInt32) {
    (self.folder, self.family) = (folder, family)
  }

  /// What a rank's environment says; nil where it says nothing.
  init?(_ variables: [String: String]) {
    guard let folder = variables[Self.folderName],
      let job = variables[Self.jobName].flatMap({ UInt32($0) })
    else { return nil }
    self.init(folder: folder, family: job >> 16)
  }

  /// mpirun's process number; nil where a daemon of it has started the ranks.
  var launcher: Int32? {
    let name = (folder as NSString).lastPathComponent
    return name.hasPrefix("pid.") ? Int32(name.dropFirst("pid.".count)) : nil
  }

  /// The host, as the names of shared memory have it; nil where the folder is none of this user's.
  func host(user: uid_t) -> String? {
    let name = ((folder as NSString).deletingLastPathComponent as NSString).lastPathComponent
    guard name.hasPrefix("ompi."), name.hasSuffix(".\(user)") else { return nil }
    return String(name.dropFirst("ompi.".count).dropLast("\(user)".count + 1))
  }
}
