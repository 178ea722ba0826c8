/// What Slurm tells a process about the nodes that it was given.
public struct SlurmAllocation: Equatable, Sendable {
  /// The nodes, as Slurm writes them: `n[1-3,7]`.
  public let nodeList: String
  /// Tasks of each node, as Slurm writes them: `4(x3),2`; empty where it does not say.
  public let tasksPerNode: String
  /// Tasks that were asked for.
  public let tasks: Int?

  /// The allocation that environment variables tell of, nil outside of one.
  init?(_ variables: [String: String]) {
    guard variables["SLURM_JOB_ID"] != nil,
      let nodes = variables["SLURM_JOB_NODELIST"] ?? variables["SLURM_NODELIST"]
    else { return nil }
    nodeList = nodes
    tasksPerNode = variables["SLURM_TASKS_PER_NODE"] ?? ""
    tasks = variables["SLURM_NTASKS"].flatMap(Int.init)
  }
}
