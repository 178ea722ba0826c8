import CMPI

extension Communicator {
  /// Waits until every rank has come here. Collective.
  ///
  /// - Throws: `MPIError`.
  public func barrier() throws {
    lane.beginCollective()
    try waiting(.barrier) { MPI_Barrier(handle) }
  }

  /// Makes `bytes` of every rank those of rank `root`, whatever their length was. Collective.
  ///
  /// - Throws: `MPIError`.
  public func broadcast(_ bytes: inout [UInt8], from root: Int) throws {
    lane.beginCollective()
    var length = Int64(bytes.count)
    try waiting(.broadcast) { MPI_Bcast(&length, 1, aver_mpi_int64(), CInt(root), handle) }
    if rank != root {
      bytes = [UInt8](repeating: 0, count: Int(length))
    }
    try bytes.withUnsafeMutableBytes { buffer in
      try forEachTransfer(of: buffer.count) { range in
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[range])
        let count = try transferCount(part.count)
        try waiting(.broadcast) {
          MPI_Bcast(part.baseAddress, count, aver_mpi_byte(), CInt(root), handle)
        }
      }
    }
  }

  /// Brings the bytes of all ranks, of any lengths, to rank `root`. Collective.
  ///
  /// - Returns: One array a rank, in rank order, at `root`; nil elsewhere.
  /// - Throws: `MPIError`.
  public func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]]? {
    lane.beginCollective()
    let lengths = try allGatherLengths(bytes.count)
    guard rank == root else {
      try bytes.withUnsafeBytes { try send($0, to: root) }
      return nil
    }
    return try lengths.enumerated().map { source, length in
      guard source != rank else { return bytes }
      var theirs = [UInt8](repeating: 0, count: length)
      try theirs.withUnsafeMutableBytes { try receive(into: $0, from: source) }
      return theirs
    }
  }

  /// Brings the bytes of all ranks, of any lengths, to all ranks. Collective.
  ///
  /// - Returns: One array a rank, in rank order.
  /// - Throws: `MPIError`.
  public func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    lane.beginCollective()
    let lengths = try allGatherLengths(bytes.count)
    var joined = try gather(bytes, to: 0).map { Array($0.joined()) } ?? []
    try broadcast(&joined, from: 0)
    var start = 0
    return lengths.map { length in
      defer { start += length }
      return Array(joined[start..<start + length])
    }
  }

  /// Replaces each value by the largest that any rank has at its place. Collective.
  ///
  /// For flags at step boundaries: every rank gives the same number of values.
  ///
  /// - Throws: `MPIError`.
  public func allReduceMaximum(_ values: inout [Int32]) throws {
    lane.beginCollective()
    try values.withUnsafeMutableBufferPointer { buffer in
      try forEachTransfer(of: buffer.count) { range in
        let part = UnsafeMutableBufferPointer(rebasing: buffer[range])
        let count = try transferCount(part.count)
        try waiting(.allReduce) {
          MPI_Allreduce(
            aver_mpi_in_place(), part.baseAddress, count, aver_mpi_int32(), aver_mpi_max(), handle)
        }
      }
    }
  }

  // MARK: - Parts

  /// Calls `body` for consecutive ranges that cover `0..<count`, none longer than one transfer.
  func forEachTransfer(of count: Int, _ body: (Range<Int>) throws -> Void) rethrows {
    var start = 0
    while start < count {
      let end = min(start + largestTransfer, count)
      try body(start..<end)
      start = end
    }
  }

  /// A count as MPI takes it; an error rather than a wrong number where it does not fit.
  func transferCount(_ count: Int) throws -> CInt {
    guard let exact = CInt(exactly: count) else {
      throw MPIError(
        function: "count", rank: rank, code: MPI_ERR_COUNT, text: "\(count) exceeds Int32")
    }
    return exact
  }

  private func allGatherLengths(_ length: Int) throws -> [Int] {
    var own = Int64(length)
    var all = [Int64](repeating: 0, count: worldSize)
    try waiting(.allGather) {
      MPI_Allgather(&own, 1, aver_mpi_int64(), &all, 1, aver_mpi_int64(), handle)
    }
    return all.map(Int.init)
  }
}
