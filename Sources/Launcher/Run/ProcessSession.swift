import Foundation
import Trainer

/// The processes of a session, whoever their parents are: ranks outlive an mpirun that is killed.
struct ProcessSession {
  /// The process that opened it. Its number is not given to another while the session has members.
  let leader: pid_t

  /// The processes that have not ended.
  var members: [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { process in
      // Of another user's, or one that has just ended, nothing can be found out.
      getsid(process) == leader && ProcessStatus(of: process)?.hasEnded == false
    }
  }
}
