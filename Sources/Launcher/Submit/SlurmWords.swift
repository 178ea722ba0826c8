import Trainer

/// What Slurm says, in words for people who do not run it.
///
/// - Source: squeue(1), "JOB REASON CODES" and "JOB STATE CODES"; slurm_strerror's texts.
enum SlurmWords {
  /// Whether an error is one that time may mend.
  static func isAway(_ text: String) -> Bool {
    [
      "Unable to contact slurm controller", "Socket timed out", "Connection refused",
      "Zero Bytes were transmitted", "temporarily unable to accept job",
      "Resource temporarily unavailable", "Slurm backup controller in standby mode",
      "Communication connection failure",
    ].contains { text.localizedStandardContains($0) }
  }

  /// Whether an error says that there is no room for more jobs now.
  static func isFull(_ text: String) -> Bool {
    // sbatch names the limit on a line of its own: others than these stay as they are, however long one waits.
    let limit = text.split { $0.isWhitespace }.last { $0.hasSuffix("Limit") }
    if let limit { return limit.contains("SubmitJob") }
    return [
      "Job violates accounting/QOS policy", "Reached maximum number of jobs", "would exceed",
      "Batch job submission failed: No space left",
      "Required partition not available (inactive or drain)",
    ].contains { text.localizedStandardContains($0) }
  }

  /// What an error means, behind Slurm's own words.
  static func explained(_ text: String) -> String {
    let meanings = [
      (
        "Invalid account or account/partition",
        "the cluster file's account may not use its partition"
      ),
      ("invalid partition", "sinfo tells which partitions there are"),
      ("Invalid qos", "sacctmgr show assoc user=$USER tells what you may use"),
      (
        "Requested time limit is invalid",
        "ask for less time: sinfo -o '%P %l' tells what partitions allow"
      ),
      (
        "Requested node configuration is not available",
        "no node has so many cores or so much memory: sinfo -N -l tells what there is"
      ),
      ("More processors requested than permitted", "fewer ranks_per_node or threads are needed"),
      (
        "Node count specification invalid",
        "the partition has fewer nodes than the cluster file wants"
      ),
      (
        "violates accounting/QOS policy",
        "a limit of your account: squeue --me tells what you have there"
      ),
      (
        "Required partition not available",
        "it takes no jobs at the moment: sinfo tells when it does"
      ),
      (
        "Invalid job array specification",
        "more members than scontrol show config | grep MaxArraySize allows"
      ),
      ("Batch job submission failed: No space left", "the scheduler's own disk is full"),
    ]
    let meaning = meanings.first { text.localizedStandardContains($0.0) }?.1
    return text + (meaning.map { " (\($0))" } ?? "")
  }

  /// Whether a job in a state waits, runs or has ended.
  static func phase(ofState state: String) -> JobState.Phase {
    switch state {
    case "PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD":
      .waiting
    case "RUNNING", "CONFIGURING", "COMPLETING", "STAGE_OUT", "SUSPENDED", "STOPPED", "SIGNALING",
      "RESIZING":
      .running
    default: .ended
    }
  }

  /// Why a job waits or how it ended.
  ///
  /// - Parameter exit: `status:signal`.
  static func explanation(state: String, reason: String, exit: String?) -> String? {
    switch state {
    case "PENDING", "REQUEUED", "REQUEUE_HOLD": waiting(reason)
    case "COMPLETED": "finished"
    case "CANCELLED": "cancelled"
    case "TIMEOUT": "killed at its time limit: a checkpoint did not fit into signal_seconds"
    case "OUT_OF_MEMORY": "killed for memory: ask for more, or for a smaller batch.micro"
    case "NODE_FAIL": "a node failed"
    case "BOOT_FAIL": "a node did not start"
    case "DEADLINE": "its deadline is over"
    case "PREEMPTED": "preempted"
    case "FAILED": failure(exit, reason: reason)
    default: nil
    }
  }

  private static func waiting(_ reason: String) -> String {
    switch reason {
    case "None", "(null)": "was handed in just now"
    case "Resources": "waits for nodes to become free"
    case "Priority": "other jobs come first"
    case "Dependency": "waits for the jobs before it"
    case "DependencyNeverSatisfied": "a job before it failed, so that it never starts"
    case "BeginTime": "starts again in a moment"
    case "JobHeldUser": "is held: scontrol release lets it go"
    case "JobHeldAdmin": "is held by those who run the cluster"
    case "PartitionDown", "PartitionInactive": "its partition takes no jobs at the moment"
    case "PartitionNodeLimit": "wants more nodes than its partition gives to a job"
    case "PartitionTimeLimit": "wants more time than its partition gives to a job"
    case "ReqNodeNotAvail", "ReqNodeNotAvail,": "a node that it needs is down or reserved"
    case "NodeDown": "a node that it needs is down"
    case "BadConstraints": "no node has what its constraints want"
    case "Licenses": "waits for a licence"
    case "Reservation": "waits for its reservation to begin"
    case "JobArrayTaskLimit": "as many of its array run as may at the same time"
    case "launch_failed_requeued_held", "RaisedSignal:53(Real-time_signal_19)":
      "could not be started and is held"
    case _ where reason.hasPrefix("QOS"): "a limit of its quality of service (\(reason))"
    case _ where reason.hasPrefix("Assoc"): "a limit of its account (\(reason))"
    default: reason
    }
  }

  /// What a job left with, as shells count signals; nil where that is not said.
  ///
  /// - Parameter exit: `status:signal`.
  static func status(ofExit exit: String) -> Int32? {
    let numbers = exit.split(separator: ":").compactMap { Int32($0) }
    guard numbers.count == 2 else { return nil }
    return numbers[1] == 0 ? numbers[0] : 128 + numbers[1]
  }

  private static func failure(_ exit: String?, reason: String) -> String {
    if reason == "JobLaunchFailure" {
      return "could not be started: can its node read the working folder and write the log's?"
    }
    guard let status = exit.flatMap(status) else { return "failed" }
    if status > 128 { return "killed by signal \(status - 128)" }
    return ExitStatus(rawValue: status).map { "\($0.meaning) (\(status))" }
      ?? "failed with status \(status)"
  }
}
