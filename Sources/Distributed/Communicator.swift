import CMPI
import Foundation
import Synchronization

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

  /// What this rank does, for whoever watches it.
  public let presence: Presence

  let handle: MPI_Comm
  /// What the thread that uses this communicator does.
  let lane: Lane
  /// Whether that thread works beside one that computes.
  let isInBackground: Bool
  /// The ranks that share memory with this one.
  let node: Node
  /// How many ranks of this host the job has.
  public var ranksOnHost: Int { node.size }
  /// Over how many nodes the job's ranks are spread: ranks of one share memory.
  public var nodes: Int { node.count }
  /// Elements of the largest single transfer. Longer ones are cut, since MPI counts with Int32.
  let largestTransfer: Int
  /// Bytes of gradients that this rank has sent in messages.
  var bytesSent = 0

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
    presence = Presence()
    lane = presence.main
    isInBackground = false
    self.largestTransfer = largestTransfer
  }

  /// The same ranks for the thread that sums gradients while this one does other things.
  private init(duplicating other: Communicator, handle: MPI_Comm) {
    (rank, worldSize) = (other.rank, other.worldSize)
    (hostName, threadLevel) = (other.hostName, other.threadLevel)
    (node, largestTransfer, presence) = (other.node, other.largestTransfer, other.presence)
    lane = other.presence.gradients
    isInBackground = true
    self.handle = handle
  }

  /// A communicator of the same ranks whose messages never meet those of this one, for the thread that sums
  /// gradients. Collective.
  ///
  /// - Throws: `MPIError`.
  public func forGradients() throws -> Communicator {
    Communicator(duplicating: self, handle: try duplicatedHandle())
  }

  /// Gives what `forGradients` made back before the process ends. Collective; nothing may use it any more.
  ///
  /// - Throws: `MPIError`.
  func free() throws {
    guard isInBackground else { return }
    lane.beginCollective()
    var released: MPI_Comm? = handle
    try waiting(.separation) { MPI_Comm_free(&released) }
  }

  /// A handle of the same ranks whose messages never meet those of this one. Collective.
  func duplicatedHandle() throws -> MPI_Comm {
    lane.beginCollective()
    return try Startup.communicator("\(Wait.duplication)", rank: rank) { copy in
      lane.waiting(for: .duplication) { MPI_Comm_dup(handle, copy) }
    }
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
  /// - Parameter limit: how long that may take; nil for as long as it likes.
  /// - Throws: `MPIError`.
  public func finalize(limit: CallLimit? = nil) throws {
    var finalized: CInt = 0
    try check("MPI_Finalized", MPI_Finalized(&finalized))
    guard finalized == 0 else { return }
    lane.beginCollective()
    let call = { try self.waiting(.finalization) { MPI_Finalize() } }
    try limit?.guarding("MPI_Finalize", call) ?? call()
  }

  /// Seconds that MPI has for ending the ranks.
  private static let abortSeconds = 10.0
  private static let isAborting = Atomic<Bool>(false)

  /// Ends every rank of the job, with this exit code. From any thread; the first call counts.
  public static func abort(exitCode: Int32) -> Never {
    leaveSoon(exitCode: exitCode)
    if isAborting.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged {
      MPI_Abort(aver_mpi_comm_world(), exitCode)
      // It may return where its daemon is gone; nothing of this process may run on then.
      _exit(exitCode)
    }
    while true { sleep(1) }
  }

  /// Ends this process after a while, whatever it does until then: MPI asks the daemon that started the ranks to end
  /// them, and waits for ever where that does not answer, as does a write to a pipe that nobody empties.
  public static func leaveSoon(exitCode: Int32) {
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: abortSeconds)
      _exit(exitCode)
    }
  }

  // MARK: - The two ways into MPI

  /// Waits for a request. Where another thread computes meanwhile, it leaves the core to that: the library's own
  /// way of waiting never does.
  func complete(_ request: UnsafeMutablePointer<MPI_Request?>) -> CInt {
    guard isInBackground else { return MPI_Wait(request, nil) }
    var isDone: CInt = 0
    while true {
      let code = MPI_Test(request, &isDone, nil)
      if code != MPI_SUCCESS || isDone != 0 { return code }
      usleep(Self.backgroundPauseMicroseconds)
    }
  }

  /// Well below the time that a message takes.
  private static let backgroundPauseMicroseconds: UInt32 = 50

  /// Turns the code of a call that returns at once into an error.
  func check(_ function: StaticString, _ code: CInt) throws {
    if code != MPI_SUCCESS { try checkMPI("\(function)", rank: rank, code) }
  }

  /// Makes a call that waits for other ranks. Every such call goes through here, so that one place
  /// knows what this rank is waiting for.
  func waiting(_ wait: Wait, _ call: () -> CInt) throws {
    let code = lane.waiting(for: wait, call)
    if code != MPI_SUCCESS { try checkMPI("\(wait)", rank: rank, code) }
  }
}

/// Turns a return code of MPI into an error: the only place that does.
func checkMPI(_ function: String, rank: Int?, _ code: CInt) throws {
  guard code != MPI_SUCCESS else { return }
  var bytes = [CChar](repeating: 0, count: Int(MPI_MAX_ERROR_STRING))
  var length: CInt = 0
  let described = MPI_Error_string(code, &bytes, &length) == MPI_SUCCESS
  let text = described ? string(bytes, length: length) : "unknown error"
  throw MPIError(function: function, rank: rank, code: code, text: text)
}

/// The text that the library wrote into a buffer of C characters. Some lengths count the final 0.
func string(_ characters: [CChar], length: CInt) -> String {
  let text = characters.prefix(Int(length)).prefix { $0 != 0 }
  return String(decoding: text.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
