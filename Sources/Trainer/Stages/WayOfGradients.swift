import Distributed

/// How the gradients of a job get from rank to rank, for people.
struct WayOfGradients {
  var ranks: Int
  /// Over how many nodes they are spread.
  var nodes: Int
  var microBatches: Int
  /// Groups whose sums are rounded to bfloat16; nil where none is.
  var groups: Int?
  /// What keeps ranks of a node from sharing memory.
  var obstacle: GradientMemory.Obstacle?
  /// Of a rank's gradients.
  var bytes: Int

  /// What is not as one might expect.
  var remarks: [String] { [messages, wire].compactMap { $0 } }

  /// Ranks of a node that send each other messages.
  private var messages: String? {
    guard ranks > nodes, let obstacle else { return nil }
    let reason =
      switch obstacle {
      case .unlikeNodes: "nodes have different numbers of ranks; start as many on each"
      case .unevenNumber: "the number of ranks a node is no power of two"
      case .noRoom:
        "/dev/shm has no room for \(bytes >> 20) MiB of each rank; start the container with a larger "
          + "--shm-size or --ipc=host"
      }
    return "warning: gradients travel in messages within nodes, too, which is slower: \(reason)"
  }

  /// What travels as bfloat16.
  private var wire: String? {
    guard let groups else { return nil }
    let sharers = obstacle == nil ? ranks / nodes : 1
    let route = RoundingRoute(rank: 0, worldSize: ranks, sharers: sharers, groups: groups)
    let what: String
    if nodes == 1 {
      what = "are rounded to bfloat16 in \(groups) groups; within one node that saves nothing"
    } else if !route.isDirect {
      what =
        "are rounded to bfloat16 in \(groups) groups, but travel as float32: ranks have sums of several groups"
    } else if route.groupSize > sharers {
      what =
        "travel as bfloat16 between \(groups) groups, as float32 between the \(route.groupSize / sharers) nodes of each"
    } else {
      return "gradients travel as bfloat16 between \(groups) groups"
    }
    let isBetter = nodes > 1 && nodes != groups
    let isPossible =
      obstacle == nil && MicroBatchTree.worldSizes(fitting: microBatches).contains(nodes)
    return "gradients \(what)"
      + (isBetter && isPossible ? "; a new run with communication.groups=\(nodes) sends less" : "")
  }
}
