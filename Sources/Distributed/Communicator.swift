import CMPI
import Foundation

/// All ranks of a job, and the way to talk to them.
///
/// Collective methods are called by every rank, in the same order, by one thread at a time.
/// Ranks are logical: numbered so that the ranks of one node are neighbours, however the scheduler
/// placed them, because neighbours are the first to be summed.
public final class Communicator {
  /// This process, `0..<worldSize`.
  public let rank: Int
  /// The number of processes in the job.
  public let worldSize: Int
  /// The host's name, as MPI knows it.
  public let hostName: String
  /// What MPI allows threads to do here.
  public let threadLevel: ThreadLevel

  let handle: MPI_Comm
  /// The ranks that share memory with this one.
  let node: Node
  /// Elements of the largest single transfer. Longer ones are cut, since MPI counts with Int32.
  let largestTransfer: Int

  /// The job's communicator; starts MPI unless it runs already.
  ///
  /// Without mpirun the job has one rank. Call `finalize()` before the process ends.
  ///
  /// - Throws: `MPIError` when MPI cannot start, `DistributedError.alreadyFinalized`.
  public static func world() throws -> Communicator {
    try Communicator(largestTransfer: Int(CInt.max))
  }

  /// - Parameter nodeSize: the most ranks that count as one node, for tests; nil for as many as share memory.
  init(largestTransfer: Int, nodeSize: Int? = nil) throws {
    precondition(largestTransfer > 0 && largestTransfer <= Int(CInt.max))
    threadLevel = try Startup.start()
    hostName = try Startup.processorName()
    (handle, node) = try Startup.communicatorByNode(ofAtMost: nodeSize)
    rank = try Startup.rank(in: handle)
    worldSize = try Startup.size(of: handle)
    self.largestTransfer = largestTransfer
  }

  /// The first line of the MPI library's own description, such as "Open MPI v4.1.4, …".
  public static func libraryVersion() throws -> String {
    var bytes = [CChar](repeating: 0, count: Int(MPI_MAX_LIBRARY_VERSION_STRING))
    var length: CInt = 0
    try checkMPI("MPI_Get_library_version", rank: nil, MPI_Get_library_version(&bytes, &length))
    let text = string(bytes, length: length)
    return text.split(whereSeparator: \.isNewline).first.map(String.init) ?? text
  }

  /// Ends MPI. Collective. Later calls do nothing.
  ///
  /// - Throws: `MPIError`.
  public func finalize() throws {
    var finalized: CInt = 0
    try check("MPI_Finalized", MPI_Finalized(&finalized))
    if finalized == 0 {
      try waiting("MPI_Finalize") { MPI_Finalize() }
    }
  }

  /// Ends every rank of the job, with this exit code.
  public func abort(exitCode: Int32) -> Never {
    MPI_Abort(handle, exitCode)
    // MPI_Abort may return where its daemon is gone; nothing of this process may run on then.
    _exit(exitCode)
  }

  // MARK: - The two ways into MPI

  /// Turns the code of a call that returns at once into an error.
  func check(_ function: StaticString, _ code: CInt) throws {
    try checkMPI(function, rank: rank, code)
  }

  /// Makes a call that waits for other ranks. Every such call goes through here, so that one place
  /// knows what this rank is waiting for.
  func waiting(_ function: StaticString, _ call: () -> CInt) throws {
    try checkMPI(function, rank: rank, call())
  }
}

/// Turns a return code of MPI into an error: the only place that does.
func checkMPI(_ function: StaticString, rank: Int?, _ code: CInt) throws {
  guard code != MPI_SUCCESS else { return }
  var bytes = [CChar](repeating: 0, count: Int(MPI_MAX_ERROR_STRING))
  var length: CInt = 0
  let described = MPI_Error_string(code, &bytes, &length) == MPI_SUCCESS
  let text = described ? string(bytes, length: length) : "unknown error"
  throw MPIError(function: "\(function)", rank: rank, code: code, text: text)
}

/// The text that the library wrote into a buffer of C characters. Some lengths count the final 0.
func string(_ characters: [CChar], length: CInt) -> String {
  let text = characters.prefix(Int(length)).prefix { $0 != 0 }
  return String(decoding: text.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
