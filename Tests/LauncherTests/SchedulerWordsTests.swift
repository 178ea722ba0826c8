import TestSupport
import Testing

@testable import Launcher
@testable import Trainer

@Suite("What schedulers say")
struct SchedulerWordsTests {
  private static let states: [(String, String, String, String?, Int32?)] = [
    ("PENDING", "Priority", "0:0", "other jobs come first", nil),
    (
      "PENDING", "QOSMaxJobsPerUserLimit", "0:0",
      "a limit of its quality of service (QOSMaxJobsPerUserLimit)", nil
    ),
    ("RUNNING", "None", "0:0", nil, nil),
    ("FAILED", "NonZeroExitCode", "65:0", "bad data or checkpoint (65)", 65),
    ("FAILED", "NonZeroExitCode", "1:0", "failed with status 1", 1),
    ("FAILED", "None", "0:9", "killed by signal 9", 137),
    ("NODE_FAIL", "None", "0:0", "a node failed", 0),
    ("COMPLETED", "None", "0:0", "finished", 0),
  ]

  @Test("Slurm's states and reasons in plain words", arguments: states)
  func slurm(
    state: String, reason: String, exit: String, explanation: String?, status: Int32?
  ) throws {
    let found = try #require(
      JobState(ofSlurm: [
        "JobState": state, "Reason": reason, "ExitCode": exit, "NodeList": "(null)",
      ]))
    #expect(found.word == state && found.explanation == explanation && found.status == status)
    #expect(found.nodes == nil)
    let phases = ["PENDING": JobState.Phase.waiting, "RUNNING": .running]
    #expect(found.phase == phases[state] ?? .ended)
  }

  @Test("PBS's account of jobs is read")
  func pbs() throws {
    let output = """
      Job Id: 12.server
          Job_Name = teacher
          job_state = Q
          Variable_List = PBS_O_HOME=/home/user,AVER_SUBMISSION=aver:1-2
          comment = Not Running: Insufficient amount of resource: ncpus

      Job Id: 13.server
          job_state = F
          Exit_status = 75
          exec_host = n1/0*4+n2/0*4

      """
    let jobs = PBS.jobs(in: output)
    #expect(jobs.map(\.name) == ["12.server", "13.server"])
    #expect(
      JobState(ofPBS: jobs[0].fields)
        == JobState(
          phase: .waiting, word: "Q",
          explanation: "Not Running: Insufficient amount of resource: ncpus", nodes: nil))
    let ended = try #require(JobState(ofPBS: jobs[1].fields))
    #expect(ended.phase == .ended && ended.status == 75 && ended.nodes == "n1/0*4+n2/0*4")
    #expect(ended.explanation?.hasSuffix("run it again (75)") == true)
    #expect(
      JobState(ofPBS: ["job_state": "F", "Exit_status": "265"])?.explanation == "killed by signal 9"
    )
  }

  @Test(
    "an error that more room mends is told from one that stays",
    arguments: [
      (
        "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job "
          + "violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
        true
      ),
      (
        "sbatch: error: QOSMaxNodePerJobLimit\nsbatch: error: Batch job submission failed: Job "
          + "violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
        false
      ),
      (
        "sbatch: error: Batch job submission failed: Required partition not available (inactive or "
          + "drain)", true
      ),
      ("sbatch: error: invalid partition specified: nowhere", false),
      ("sbatch: error: Batch job submission failed: Invalid qos specification", false),
    ])
  func full(text: String, isFull: Bool) {
    #expect(SlurmWords.isFull(text) == isFull)
    #expect(!SlurmWords.isAway(text))
  }

  @Test("a member of an array has a name of its own, in the words of its scheduler")
  func members() {
    var array = SubmissionRecord(
      scheduler: .slurm, tag: "aver:1", job: "12", ranks: 1, date: "2026-01-31T12:00:00Z")
    #expect(array.member(3).job == "12_3" && array.member(3).index == 3)
    array.job = nil
    #expect(array.member(3).job == nil && array.member(3).known(as: "14").job == "14_3")
    array.scheduler = .pbs
    #expect(array.member(3).known(as: "12[].server").job == "12[3].server")
    #expect(array.known(as: "12.server").job == "12.server")
  }

  @Test("a run's job is the one that the last has handed in for itself, until it is handed in anew")
  func successor() throws {
    let folder = try TemporaryFolder()
    let run = "\(folder.path)/run"
    let record = SubmissionRecord(
      scheduler: .pbs, tag: "aver:1", job: "12.server", ranks: 1, date: "2026-01-31T12:00:00Z")
    try record.write(run: run)
    // What a site's plug-ins print comes before it.
    _ = try folder.write("welcome\n15.server\n", to: "run/submit/job.sh.next")
    #expect(try SubmissionRecord.read(run: run)?.job == "15.server")
    _ = try folder.write("", to: "run/submit/job.sh.next")
    #expect(try SubmissionRecord.read(run: run)?.job == "12.server")
    _ = try folder.write("15.server\n", to: "run/submit/job.sh.next")
    try record.known(as: "16.server").write(run: run)
    #expect(try SubmissionRecord.read(run: run)?.job == "16.server")
  }
}
