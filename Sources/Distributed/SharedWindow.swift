import CMPI
import Glibc

/// Memory of a node's ranks that all of them read and write: a part of each, on pages of its own.
final class SharedWindow {
  /// The ranks' parts, in their order.
  let parts: [UnsafeMutableRawPointer]

  private let communicator: Communicator
  private var window: MPI_Win?

  /// Allocates the window. Collective over the node's ranks.
  ///
  /// - Parameter byteCount: bytes of each part.
  /// - Throws: `MPIError`.
  init(communicator: Communicator, byteCount: Int) throws {
    self.communicator = communicator
    let node = communicator.node
    communicator.lane.beginCollective()
    var information: MPI_Info? = nil
    try communicator.check("MPI_Info_create", MPI_Info_create(&information))
    defer { MPI_Info_free(&information) }
    // Each part where its rank touches it first, on its own NUMA domain.
    let code = MPI_Info_set(information, "alloc_shared_noncontig", "true")
    try communicator.check("MPI_Info_set", code)
    var (address, window): (UnsafeMutableRawPointer?, MPI_Win?) = (nil, nil)
    try communicator.waiting(.allocation) {
      MPI_Win_allocate_shared(byteCount, 1, information, node.handle, &address, &window)
    }
    self.window = window
    parts = try (0..<node.size).map { rank in
      var (size, unit): (MPI_Aint, CInt) = (0, 0)
      var part: UnsafeMutableRawPointer?
      let code = MPI_Win_shared_query(window, CInt(rank), &size, &unit, &part)
      try communicator.check("MPI_Win_shared_query", code)
      guard let part, size >= byteCount else {
        throw MPIError(
          function: "MPI_Win_shared_query", rank: communicator.rank, code: MPI_SUCCESS,
          text: "\(size) bytes instead of \(byteCount)")
      }
      return part
    }
  }

  /// Gives the memory back. Collective over the node's ranks.
  ///
  /// - Throws: `MPIError`.
  func free() throws {
    guard window != nil else { return }
    communicator.lane.beginCollective()
    try communicator.waiting(.release) { MPI_Win_free(&window) }
    window = nil
  }

  /// Whether a node has room for such a window: MPI takes it from /dev/shm, which containers keep small, and a
  /// process that touches what there is no room for is killed.
  static func hasRoom(for byteCount: Int) -> Bool {
    var status = statvfs()
    guard statvfs("/dev/shm", &status) == 0 else { return true }
    return Int(status.f_bavail) * Int(status.f_frsize) >= byteCount
  }
}
