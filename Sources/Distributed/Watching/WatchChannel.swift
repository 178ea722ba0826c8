import CMPI

/// Short messages between the watching threads of a job, which no other message meets.
///
/// Nothing here waits: what cannot be sent yet is left out. Sendable because one thread uses it.
final class WatchChannel: @unchecked Sendable {
  /// What a message is.
  enum Kind: CInt {
    /// A rank's state, to rank 0.
    case state = 1
    /// Rank 0's state, to the others.
    case answer = 2
    /// Why a rank ends the job, to rank 0.
    case failure = 3
    /// That rank 0 has said why the job ends, and with which status it does, to all.
    case ending = 4
  }

  private let handle: MPI_Comm
  /// For each rank what is being sent to it: nobody writes there until it has gone.
  private var outgoing: [Outgoing]

  private struct Outgoing {
    var request: MPI_Request? = aver_mpi_request_null()
    var bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  /// Bytes of the longest message.
  static let longest = 4096

  /// - Parameter handle: a communicator of its own.
  init(handle: MPI_Comm, worldSize: Int) {
    self.handle = handle
    outgoing = (0..<worldSize).map { _ in Outgoing() }
  }

  deinit { for message in outgoing { message.bytes.deallocate() } }

  /// Sends a message, unless the one before to the same rank has not gone yet.
  ///
  /// - Returns: whether it was sent.
  @discardableResult
  func send(_ kind: Kind, _ bytes: [UInt8], to rank: Int) -> Bool {
    guard hasGone(to: rank) else { return false }
    if outgoing[rank].bytes.count == 0 {
      outgoing[rank].bytes = .allocate(byteCount: Self.longest, alignment: 8)
    }
    let buffer = outgoing[rank].bytes
    let count = min(bytes.count, Self.longest)
    buffer.copyBytes(from: bytes.prefix(count))
    let code = MPI_Isend(
      buffer.baseAddress, CInt(count), aver_mpi_byte(), CInt(rank), kind.rawValue, handle,
      &outgoing[rank].request)
    return code == MPI_SUCCESS
  }

  /// Whether what was sent to a rank last has left.
  func hasGone(to rank: Int) -> Bool {
    var isDone: CInt = 0
    let code = MPI_Test(&outgoing[rank].request, &isDone, nil)
    return code == MPI_SUCCESS && isDone != 0
  }

  /// The next message that has come; nil where there is none.
  func receive() -> (kind: Kind, rank: Int, bytes: [UInt8])? {
    var isThere: CInt = 0
    var status = MPI_Status()
    var count: CInt = 0
    guard
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, handle, &isThere, &status)
        == MPI_SUCCESS, isThere != 0,
      MPI_Get_count(&status, aver_mpi_byte(), &count) == MPI_SUCCESS
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(count))
    let code = MPI_Recv(
      &bytes, count, aver_mpi_byte(), status.MPI_SOURCE, status.MPI_TAG, handle, nil)
    guard code == MPI_SUCCESS, let kind = Kind(rawValue: status.MPI_TAG) else { return nil }
    return (kind, Int(status.MPI_SOURCE), bytes)
  }
}
