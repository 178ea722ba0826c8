extension Job {
  /// Throws where another job has taken the run folder over; on rank 0, which alone can tell.
  func requireLease() throws { try lease?.require() }

  /// The same, asked at each step: without a look at the disk, where the holder of the lease looks anyway.
  func requireUntakenFolder() throws {
    if lease?.isTaken == true { try requireLease() }
  }

  /// What asks this rank to stop: a signal, the time limit, both or nothing.
  var stopFlags: BoundaryFlags {
    var flags: BoundaryFlags = []
    if signals.isStopRequested { flags.insert(.stop) }
    if deadline?.isOver(leaving: leavingTime) ?? false { flags.insert(.late) }
    return flags
  }

  /// Whether any rank is to stop. Collective.
  func isStopRequestedAnywhere() throws -> Bool { try agreement.any(stopFlags).isStop }

  /// Refuses a time limit that is over before anything was done: to be run again, which 75 asks for, would
  /// not help. Collective.
  ///
  /// - Throws: `TrainerError.hopelessTimeLimit`, where it is not the scheduler's limit.
  func refuseHopelessLimit() throws {
    try agreement.onRankZero {
      guard let limit = deadline?.limit else { return }
      throw TrainerError.hopelessTimeLimit(
        seconds: limit, starting: began.secondsAgo,
        leaving: Deadline.seconds(leaving: leavingTime))
    }
  }

  /// Runs tasks, each on one rank, and gives every rank what all of them returned. Collective.
  ///
  /// - Parameter task: returns as many values as every other one; rank r of W runs r, r + W, ….
  /// - Returns: the values in the order of the tasks, the same for any number of ranks.
  func shared<Value: BitwiseCopyable>(
    _ count: Int, _ task: (Int) -> [Value]
  ) throws -> [[Value]] {
    let ranks = communicator.worldSize
    let own = stride(from: rank, to: count, by: ranks).map(task)
    let parts: [[Value]] = try communicator.allGather(ByteCoding.bytes(of: own.flatMap { $0 }))
      .map { ByteCoding.values(in: $0[...]) }
    // Rank 0 has the first task, and so tells how long they all are.
    let length = own.first?.count ?? parts[0].count / max(1, (count + ranks - 1) / ranks)
    return (0..<count).map { index in
      let start = index / ranks * length
      return Array(parts[index % ranks][start..<(start + length)])
    }
  }
}
