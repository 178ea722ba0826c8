import CMPI
import Glibc

/// The calls that bring MPI up, each once, before a communicator exists.
enum Startup {
  /// Starts MPI unless it runs, and makes errors return to the caller from then on.
  static func start() throws -> ThreadLevel {
    var finalized: CInt = 0
    try checkMPI("MPI_Finalized", rank: nil, MPI_Finalized(&finalized))
    guard finalized == 0 else { throw DistributedError.alreadyFinalized }
    var initialized: CInt = 0
    try checkMPI("MPI_Initialized", rank: nil, MPI_Initialized(&initialized))
    var provided: CInt = 0
    if initialized == 0 {
      letTCPSendBothWays()
      // All threads: a watching thread has to be able to abort while this one waits in a call.
      let code = MPI_Init_thread(nil, nil, CInt(MPI_THREAD_MULTIPLE), &provided)
      try checkMPI("MPI_Init_thread", rank: nil, code)
    } else {
      try checkMPI("MPI_Query_thread", rank: nil, MPI_Query_thread(&provided))
    }
    // The default handler kills the process before a code can be looked at.
    let code = MPI_Comm_set_errhandler(aver_mpi_comm_world(), aver_mpi_errors_return())
    try checkMPI("MPI_Comm_set_errhandler", rank: nil, code)
    return ThreadLevel(provided: provided)
  }

  /// Open MPI lets large messages be written into the receiver's memory over TCP ("put"). When two ranks exchange
  /// such messages, each answer waits behind the other's data: at 1 Gbit/s an exchange takes nearly twice as long as
  /// the wire needs. Plain sending does not. What the user has set stays; plain sending over several connections
  /// was seen to hang.
  private static func letTCPSendBothWays() {
    guard getenv("OMPI_MCA_btl_tcp_links") == nil else { return }
    setenv("OMPI_MCA_btl_tcp_flags", "send,inplace", 0)
  }

  static func processorName() throws -> String {
    var bytes = [CChar](repeating: 0, count: Int(MPI_MAX_PROCESSOR_NAME))
    var length: CInt = 0
    try checkMPI("MPI_Get_processor_name", rank: nil, MPI_Get_processor_name(&bytes, &length))
    return string(bytes, length: length)
  }

  static func rank(in communicator: MPI_Comm) throws -> Int {
    var rank: CInt = 0
    try checkMPI("MPI_Comm_rank", rank: nil, MPI_Comm_rank(communicator, &rank))
    return Int(rank)
  }

  static func size(of communicator: MPI_Comm) throws -> Int {
    var size: CInt = 0
    try checkMPI("MPI_Comm_size", rank: nil, MPI_Comm_size(communicator, &size))
    return Int(size)
  }

  /// A communicator of all ranks in which those of one node are neighbours, and this rank's node. It inherits
  /// the error handler of the world, and keeps our messages apart from those of other users of MPI.
  ///
  /// - Parameter limit: the most ranks that count as one node; nil for as many as share memory.
  static func communicatorByNode(ofAtMost limit: Int?) throws -> (world: MPI_Comm, node: Node) {
    let world: MPI_Comm = aver_mpi_comm_world()
    let rank = try rank(in: world)
    var local = try communicator("MPI_Comm_split_type", rank: rank) {
      MPI_Comm_split_type(world, CInt(MPI_COMM_TYPE_SHARED), CInt(rank), aver_mpi_info_null(), $0)
    }
    if let limit {
      let part = CInt(try Self.rank(in: local) / limit)
      local = try communicator("MPI_Comm_split", rank: rank) {
        MPI_Comm_split(local, part, CInt(rank), $0)
      }
    }
    // The first of its ranks is a node's name.
    var first = CInt(rank)
    try checkMPI("MPI_Bcast", rank: rank, MPI_Bcast(&first, 1, aver_mpi_int32(), 0, local))
    var nodes = [CInt](repeating: 0, count: try size(of: world))
    let code = MPI_Allgather(&first, 1, aver_mpi_int32(), &nodes, 1, aver_mpi_int32(), world)
    try checkMPI("MPI_Allgather", rank: rank, code)
    let key = CInt(logicalRanks(nodes: nodes)[rank])
    let logical = try communicator("MPI_Comm_split", rank: rank) {
      MPI_Comm_split(world, 0, key, $0)
    }
    let sizes = Dictionary(grouping: nodes) { $0 }.values.map(\.count)
    let node = Node(
      handle: local, rank: try Self.rank(in: local), size: try size(of: local),
      count: sizes.count, isLikeOthers: Set(sizes).count == 1)
    return (logical, node)
  }

  /// The communicator that a call makes.
  static func communicator(
    _ function: String, rank: Int, _ split: (UnsafeMutablePointer<MPI_Comm?>) -> CInt
  ) throws -> MPI_Comm {
    var result: MPI_Comm? = nil
    try checkMPI(function, rank: rank, split(&result))
    guard let result else {
      throw MPIError(
        function: function, rank: rank, code: MPI_SUCCESS, text: "no communicator")
    }
    return result
  }
}

/// The ranks that share memory, in the order of the job's.
struct Node {
  /// Of these ranks only.
  let handle: MPI_Comm
  /// This rank among them.
  let rank: Int
  /// How many they are.
  let size: Int
  /// How many nodes there are.
  let count: Int
  /// Whether all nodes have as many ranks.
  let isLikeOthers: Bool
}

/// For each rank in the scheduler's order, its place when the ranks of one node stand together:
/// nodes in the order of their first rank, ranks of a node in the scheduler's order.
func logicalRanks<Node: Hashable>(nodes: [Node]) -> [Int] {
  var firstRank: [Node: Int] = [:]
  for (rank, node) in nodes.enumerated() where firstRank[node] == nil {
    firstRank[node] = rank
  }
  let order = nodes.indices.sorted {
    (firstRank[nodes[$0]] ?? 0, $0) < (firstRank[nodes[$1]] ?? 0, $1)
  }
  var logical = [Int](repeating: 0, count: nodes.count)
  for (place, rank) in order.enumerated() {
    logical[rank] = place
  }
  return logical
}
