/// Sums gradients that are rounded on their way, and keeps what rounding leaves out.
final class RoundedSum {
  let feedback: ErrorFeedback
  let route: RoundingRoute

  private let communicator: Communicator
  private let memory: GradientMemory
  /// Nil where nobody sends float32.
  private let messages: DistanceDoubling?
  /// Nil where some messages between groups have to be float32.
  private let counterparts: CounterpartExchange?
  /// The vectors of this rank's group, of the groups, as far as memory is shared.
  private let near: [UnsafePointer<Float>?]
  private let node: [UnsafePointer<Float>?]

  /// - Parameter messages: sends float32; nil where all ranks share memory.
  /// - Throws: `DistributedError.noMemory`.
  init(
    _ rounding: GradientRounding, _ communicator: Communicator, _ memory: GradientMemory,
    messages: DistanceDoubling?
  ) throws {
    let route = RoundingRoute(
      rank: communicator.rank, worldSize: communicator.worldSize, sharers: memory.sharers,
      groups: rounding.groups)
    (self.route, self.communicator, self.memory, self.messages) = (
      route, communicator, memory, messages
    )
    feedback = try ErrorFeedback(rounding, rank: route.rank, worldSize: route.worldSize)
    counterparts =
      route.isDirect
      ? CounterpartExchange(
        communicator: communicator, groupSize: route.groupSize, groups: route.groups) : nil
    let place = route.rank % route.sharers
    let first = place / route.near * route.near
    near = memory.vectors(first..<first + route.near)
    // Of each group the rank that has rounded what this one sums.
    let rounder = place * route.near / route.sharers
    node = memory.vectors(stride(from: rounder, to: route.sharers, by: route.near))
  }

  /// Sums a part of the vector over all ranks, in place. Collective.
  ///
  /// - Throws: `MPIError`.
  func sum(_ elements: UnsafeMutablePointer<Float>, segment: Range<Int>) throws {
    communicator.lane.beginCollective()
    meet()
    let nearPart = route.nearPart(of: segment)
    if route.near > 1 { memory.sum(nearPart, of: near) }
    if let counterparts {
      try sumMessages(elements, nearPart, distances: route.near..<route.groupSize) { part in
        feedback.round(group: feedback.ownGroups.lowerBound, elements, part)
        try counterparts.sum(elements, segment: part) { feedback.roundRoot(elements, $0) }
      }
      if memory.isShared { memory.giveToOthers(nearPart) }
    } else {
      if route.roundsGroups {
        feedback.round(group: feedback.ownGroups.lowerBound, elements, nearPart)
      }
      meet()
      let part = route.nodePart(of: segment)
      if memory.isShared { memory.sum(part, of: node) }
      try sumMessages(elements, part, distances: route.sharers..<route.worldSize) {
        feedback.roundRoot(elements, $0)
      }
      if memory.isShared { memory.giveToOthers(part) }
    }
    meet()
  }

  /// Brings what ranks have left out to those that write it down: of a group to its first rank, of the sum over all
  /// groups to rank 0. Collective.
  ///
  /// - Parameters:
  ///   - buckets: those in which it was summed.
  ///   - communicator: the calling thread's, of the same ranks.
  /// - Throws: `MPIError`.
  func collectErrors(of buckets: [Range<Int>], through communicator: Communicator) throws {
    communicator.lane.beginCollective()
    let rounded = buckets.map { $0.clamped(to: 0..<feedback.rounding.count) }
    if route.groupSize > 1 {
      let first = route.rank / route.groupSize * route.groupSize
      let errors = feedback.errors(ofGroup: feedback.ownGroups.lowerBound)
      for rank in first + 1..<first + route.groupSize {
        let route = route.of(rank: rank)
        try communicator.bring(
          rounded.map(route.groupPart), of: errors, from: rank, to: first)
      }
    }
    for rank in 1..<max(1, route.worldSize) {
      let route = route.of(rank: rank)
      try communicator.bring(
        rounded.map(route.rootPart), of: feedback.rootErrors, from: rank, to: 0)
    }
  }

  // MARK: - Parts

  private func meet() {
    if memory.isShared { memory.meet(communicator.lane) }
  }

  private func sumMessages(
    _ elements: UnsafeMutablePointer<Float>, _ part: Range<Int>, distances: Range<Int>,
    centre: (Range<Int>) throws -> Void
  ) throws {
    guard let messages else { return try centre(part) }
    try messages.sum(elements, segment: part, distances: distances, centre: centre)
  }
}

extension Communicator {
  /// Copies parts of a rank's vector into another rank's; a matter of these two.
  fileprivate func bring(
    _ parts: [Range<Int>], of vector: UnsafeMutableBufferPointer<Float>, from source: Int,
    to destination: Int
  ) throws {
    guard rank == source || rank == destination else { return }
    for part in parts where !part.isEmpty {
      let values = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: vector[part]))
      if rank == source {
        try send(UnsafeRawBufferPointer(values), to: destination)
      } else {
        try receive(into: values, from: source)
      }
    }
  }
}
