import Foundation

/// The processes of a session, whoever their parents are: ranks outlive an mpirun that is killed.
struct ProcessSession {
  /// The process that opened it. Its number is not given to another while the session has members.
  let leader: pid_t

  /// The processes that have not ended.
  var members: [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { process in
      // Of another user's, or one that has just ended, nothing can be found out.
      getsid(process) == leader && !Self.isZombie(process)
    }
  }

  /// Whether a process has ended and nobody has asked for its status, as in containers without an init.
  private static func isZombie(_ process: pid_t) -> Bool {
    let line = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    // The state stands behind the name, which is in parentheses.
    return line.split(separator: ")").last?.split(separator: " ").first == "Z"
  }
}
