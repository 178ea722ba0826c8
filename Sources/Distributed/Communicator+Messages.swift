import CMPI

/// What a point-to-point message is for, so that one kind never takes another's.
enum MessageTag {
  static let bytes: CInt = 1
  static let gradients: CInt = 2
}

extension Communicator {
  // MARK: - Messages that are waited for later

  /// Begins to receive some elements; none are no message.
  ///
  /// - Parameter request: null until now; `complete` waits for it.
  /// - Throws: `MPIError`.
  func beginReceiving(
    into target: UnsafeMutableRawPointer, count: Int, of type: MPI_Datatype?, from source: Int,
    _ request: UnsafeMutablePointer<MPI_Request?>
  ) throws {
    guard count > 0 else { return }
    let code = MPI_Irecv(
      target, try transferCount(count), type, CInt(source), MessageTag.gradients, handle, request)
    try check("MPI_Irecv", code)
  }

  /// Begins to send some elements; none are no message.
  ///
  /// - Parameter request: null until now; `complete` waits for it.
  /// - Throws: `MPIError`.
  func beginSending<Element>(
    _ source: UnsafePointer<Element>, count: Int, of type: MPI_Datatype?, to destination: Int,
    _ request: UnsafeMutablePointer<MPI_Request?>
  ) throws {
    guard count > 0 else { return }
    bytesSent += count * MemoryLayout<Element>.stride
    let code = MPI_Isend(
      source, try transferCount(count), type, CInt(destination), MessageTag.gradients, handle,
      request)
    try check("MPI_Isend", code)
  }

  // MARK: - Messages that are waited for

  /// Sends bytes to a rank that receives as many.
  ///
  /// - Throws: `MPIError`.
  func send(_ bytes: UnsafeRawBufferPointer, to destination: Int) throws {
    try forEachTransfer(of: bytes.count) { range in
      let part = UnsafeRawBufferPointer(rebasing: bytes[range])
      let count = try transferCount(part.count)
      try waiting(.send) {
        MPI_Send(
          part.baseAddress, count, aver_mpi_byte(), CInt(destination), MessageTag.bytes, handle)
      }
    }
  }

  /// Receives as many bytes as there is room for.
  ///
  /// - Throws: `MPIError`.
  func receive(into bytes: UnsafeMutableRawBufferPointer, from source: Int) throws {
    try forEachTransfer(of: bytes.count) { range in
      let part = UnsafeMutableRawBufferPointer(rebasing: bytes[range])
      let count = try transferCount(part.count)
      try waiting(.receive) {
        MPI_Recv(
          part.baseAddress, count, aver_mpi_byte(), CInt(source), MessageTag.bytes, handle, nil)
      }
    }
  }
}
