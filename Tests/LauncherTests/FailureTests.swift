import Foundation
import Testing

@testable import Launcher
@testable import Trainer

/// What Open MPI 4.1.4 printed when ranks, daemons and mpirun were killed.
@Suite("Failures")
struct FailureTests {
  private let killedRank = """
    --------------------------------------------------------------------------
    Primary job  terminated normally, but 1 process returned
    a non-zero exit code. Per user-direction, the job has been aborted.
    --------------------------------------------------------------------------
    --------------------------------------------------------------------------
    mpirun noticed that process rank 1 with PID 12173 on node n1 exited on signal 9 (Killed).
    --------------------------------------------------------------------------
    """
  private let abortedRank = """
    --------------------------------------------------------------------------
    MPI_ABORT was invoked on rank 3 in communicator MPI_COMM_WORLD
    with errorcode 70.

    NOTE: invoking MPI_ABORT causes Open MPI to kill all MPI processes.
    You may or may not see output from other processes, depending on
    exactly when Open MPI kills them.
    --------------------------------------------------------------------------
    """
  private let exitedRank = """
    mpirun detected that one or more processes exited with non-zero status, thus causing
    the job to be terminated. The first process to do so was:

      Process name: [[19971,1],1]
      Exit code:    3
    --------------------------------------------------------------------------
    """
  private let lostDaemon = """
    ORTE has lost communication with a remote daemon.

      HNP daemon   : [[17153,0],0] on node vm
      Remote daemon: [[17153,0],1] on node n1

    This is usually due to either a failure of the TCP network
    """

  private func notices(_ text: String) -> [FailureNotice] {
    var reader = FailureNoticeReader()
    for line in text.components(separatedBy: "\n") { reader.read(line) }
    return reader.notices
  }

  private func crash(
    _ rank: Int, on host: String, at seconds: Double, _ error: String = "no memory"
  ) -> CrashReport {
    CrashReport(
      rank: rank, worldSize: 4, host: host, process: 7, time: Date(timeIntervalSince1970: seconds),
      activity: "step 12", exitCode: 70, error: error)
  }

  private func finding(
    _ text: String, _ end: JobEnd = .exited(137), crashes: [CrashReport] = []
  ) -> FailureFinding {
    FailureFinding(end: end, starter: "mpirun", notices: notices(text), crashes: crashes)
  }

  @Test("mpirun's messages tell of ranks and hosts")
  func openMPI() {
    #expect(notices(killedRank) == [FailureNotice(cause: .signal(9), rank: 1, host: "n1")])
    #expect(notices(abortedRank) == [FailureNotice(cause: .aborted(70), rank: 3)])
    #expect(notices(exitedRank) == [FailureNotice(cause: .exited(3), rank: 1)])
    #expect(notices(lostDaemon) == [FailureNotice(cause: .lostHost, host: "n1")])
  }

  @Test("who waited in vain is not blamed, but the host of those it waited for")
  func hung() {
    func host(_ missing: [String]) -> String? {
      var report = crash(0, on: "n1", at: 5, "1 of 4 ranks has not come to MPI_Allreduce")
      report.exitCode = 69
      report.missingHosts = missing
      return finding("", .exited(69), crashes: [report]).host
    }
    #expect(host(["n2"]) == "n2")
    #expect(host(["n3", "n3"]) == "n3")
    #expect(host(["n2", "n3"]) == nil)
    #expect(host([]) == nil)
  }

  @Test("srun's messages do, too")
  func slurm() {
    #expect(
      notices("srun: error: n2: task 3: Killed")
        == [FailureNotice(cause: .signal(9), rank: 3, host: "n2")])
    #expect(
      notices("srun: error: n2: tasks 2-3: Exited with exit code 70")
        == [FailureNotice(cause: .exited(70), rank: 2, host: "n2")])
    #expect(
      notices("srun: error: Node failure on n4")
        == [FailureNotice(cause: .lostHost, host: "n4")])
  }

  @Test("what a run prints about other things is no notice")
  func others() {
    #expect(notices("epoch 3: Exit code:    3\n rank 1 on node n1\nerrorcode 70").isEmpty)
  }

  @Test("the system's word about a host stands above what ranks wrote")
  func signalFirst() {
    let finding = finding(killedRank, crashes: [crash(0, on: "n2", at: 0)])
    #expect(finding.sentence == "rank 1 on n1 was killed by signal 9")
    #expect(finding.host == "n1")
    #expect(self.finding(lostDaemon).sentence == "mpirun lost n1")
  }

  @Test("of several ranks that crashed, the first is to blame")
  func crashes() {
    let all = [
      crash(2, on: "n3", at: 11), crash(1, on: "n2", at: 10, "no memory\nstack"),
      crash(3, on: "n4", at: 10),
    ]
    let finding = finding(abortedRank, .exited(70), crashes: all)
    #expect(finding.sentence == "rank 1 on n2 failed with 70 at step 12: no memory")
    #expect(finding.host == "n2")
  }

  @Test("where nobody says anything, the end speaks for itself, and no host is to blame")
  func unknown() {
    #expect(finding("", .killed(signal: 9)).sentence == "mpirun was killed by signal 9")
    #expect(finding("", .exited(213)).sentence == "mpirun ended with 213")
    #expect(finding("", .exited(213)).host == nil)
    #expect(finding(exitedRank, .exited(3)).sentence == "rank 1 ended with 3")
  }
}
