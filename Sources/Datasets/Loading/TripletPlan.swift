import CounterRandom

/// Which triplets training takes, and when: a pure function of (seed, epoch).
///
/// Triplets have epochs of their own: every triplet comes once, in random order, before any comes again,
/// however long an epoch of other samples is. The remainder that fills no whole step is dropped.
public struct TripletPlan: Sendable {
  /// Triplets of a step.
  public let perStep: Int
  /// Triplets of a micro-batch.
  public let perMicroBatch: Int
  /// Steps until every triplet has come.
  public let stepsPerEpoch: Int
  private let triplets: [Triplet]
  private let seed: UInt64

  /// - Throws: `DatasetError.setting` where a step needs more triplets than there are.
  public init(
    triplets: [Triplet], perMicroBatch: Int, microBatchesPerStep: Int, seed: UInt64
  ) throws {
    precondition(perMicroBatch > 0 && microBatchesPerStep > 0)
    perStep = perMicroBatch * microBatchesPerStep
    try DatasetError.require(
      perStep <= triplets.count, "triplets.per_micro_batch",
      "\(perMicroBatch) in each of \(microBatchesPerStep) micro-batches exceed the "
        + "\(triplets.count) triplets of the list")
    stepsPerEpoch = triplets.count / perStep
    self.perMicroBatch = perMicroBatch
    self.triplets = triplets
    self.seed = seed
  }

  /// The faces of an epoch's triplets, three by three, the odd one last.
  func epochOrder(_ epoch: Int) -> EpochOrder {
    var draws = [Int32: Int32]()
    var faces: [Int32] = []
    var drawn: [Int32] = []
    for index in indices(ofEpoch: epoch) {
      let triplet = triplets[Int(index)].facesOddLast
      for place in 0..<3 {
        // A face comes with as many triplets as it is part of, each time seen anew.
        let earlier = draws[triplet[place], default: 0]
        draws[triplet[place]] = earlier + 1
        faces.append(triplet[place])
        drawn.append(earlier)
      }
    }
    return EpochOrder(epoch: epoch, samples: faces, draws: drawn)
  }

  /// The triplets of an epoch, as indices into the list.
  func indices(ofEpoch epoch: Int) -> [Int32] {
    var generator = CounterRandom(seed: seed, epoch: epoch, purpose: .tripletOrder)
    var indices = Array(0..<Int32(triplets.count))
    indices.shuffle(from: &generator)
    indices.removeLast(triplets.count - stepsPerEpoch * perStep)
    return indices
  }

  /// The micro-batches of some steps that have the numbers `leaves` within their step.
  public func requests(steps: Range<Int>, leaves: Range<Int>) -> TripletRequests {
    TripletRequests(plan: self, places: places(steps, leaves))
  }

  /// The margins of the same micro-batches' triplets, in the same order.
  public func margins(steps: Range<Int>, leaves: Range<Int>) -> TripletMargins {
    TripletMargins(plan: self, places: places(steps, leaves))
  }

  func margin(of triplet: Int32) -> Float { triplets[Int(triplet)].margin }

  private func places(_ steps: Range<Int>, _ leaves: Range<Int>) -> MicroBatchPlaces {
    MicroBatchPlaces(
      steps: steps, leaves: leaves, stepsPerEpoch: stepsPerEpoch, perStep: perStep,
      perMicroBatch: perMicroBatch)
  }
}

/// The faces of triplets that one rank trains on, micro-batch after micro-batch.
public struct TripletRequests: Sequence, IteratorProtocol, Sendable {
  private let plan: TripletPlan
  private var places: MicroBatchPlaces
  private var order: EpochOrder?

  fileprivate init(plan: TripletPlan, places: MicroBatchPlaces) {
    self.plan = plan
    self.places = places
  }

  /// The next micro-batch. Nothing takes the place of a face that cannot be read: its triplet is left out.
  public mutating func next() -> MicroBatchRequest? {
    guard let (epoch, triplets) = places.next() else { return nil }
    let order = order.flatMap { $0.epoch == epoch ? $0 : nil } ?? plan.epochOrder(epoch)
    self.order = order
    return MicroBatchRequest(
      order: order, positions: (3 * triplets.lowerBound)..<(3 * triplets.upperBound),
      substitutes: false)
  }
}

/// The margins of triplets that one rank trains on, micro-batch after micro-batch.
public struct TripletMargins: Sequence, IteratorProtocol, Sendable {
  private let plan: TripletPlan
  private var places: MicroBatchPlaces
  private var order: (epoch: Int, indices: [Int32])?

  fileprivate init(plan: TripletPlan, places: MicroBatchPlaces) {
    self.plan = plan
    self.places = places
  }

  /// One for each triplet of the next micro-batch.
  public mutating func next() -> [Float]? {
    guard let (epoch, triplets) = places.next() else { return nil }
    if order?.epoch != epoch { order = (epoch, plan.indices(ofEpoch: epoch)) }
    return order.map { order in triplets.map { plan.margin(of: order.indices[$0]) } }
  }
}
