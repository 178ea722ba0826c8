import CMPI

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

  /// A communicator of all ranks in which those of one host are neighbours. It inherits the error
  /// handler of the world, and keeps our messages apart from those of other users of MPI.
  static func communicatorByHost(hostName: String) throws -> MPI_Comm {
    let world: MPI_Comm = aver_mpi_comm_world()
    let rank = try rank(in: world)
    let hosts = try allGatherNames(hostName, in: world, rank: rank)
    var result: MPI_Comm? = nil
    let key = CInt(logicalRanks(hosts: hosts)[rank])
    try checkMPI("MPI_Comm_split", rank: rank, MPI_Comm_split(world, 0, key, &result))
    guard let result else {
      throw MPIError(
        function: "MPI_Comm_split", rank: rank, code: MPI_SUCCESS, text: "no communicator")
    }
    return result
  }

  private static func allGatherNames(
    _ name: String, in communicator: MPI_Comm, rank: Int
  ) throws -> [[UInt8]] {
    let width = Int(MPI_MAX_PROCESSOR_NAME)
    let own = Array(name.utf8) + [UInt8](repeating: 0, count: width - name.utf8.count)
    var all = [UInt8](repeating: 0, count: try width * size(of: communicator))
    let code = MPI_Allgather(
      own, CInt(width), aver_mpi_byte(), &all, CInt(width), aver_mpi_byte(), communicator)
    try checkMPI("MPI_Allgather", rank: rank, code)
    return stride(from: 0, to: all.count, by: width).map { Array(all[$0..<$0 + width]) }
  }
}

/// For each rank in the scheduler's order, its place when the ranks of one host stand together:
/// hosts in the order of their first rank, ranks of a host in the scheduler's order.
func logicalRanks<Host: Hashable>(hosts: [Host]) -> [Int] {
  var firstRank: [Host: Int] = [:]
  for (rank, host) in hosts.enumerated() where firstRank[host] == nil {
    firstRank[host] = rank
  }
  let order = hosts.indices.sorted {
    (firstRank[hosts[$0]] ?? 0, $0) < (firstRank[hosts[$1]] ?? 0, $1)
  }
  var logical = [Int](repeating: 0, count: hosts.count)
  for (place, rank) in order.enumerated() {
    logical[rank] = place
  }
  return logical
}
