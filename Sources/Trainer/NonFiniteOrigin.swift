import Foundation

/// Where a value that is not finite comes from: the first micro-batch of a step that has one.
public struct NonFiniteOrigin: Codable, Equatable, Sendable, CustomStringConvertible {
  /// The micro-batch among those of the step.
  var microBatch: Int
  /// Who computed it.
  var rank: Int
  /// What is not finite there.
  var what: String
  /// What people know its samples by.
  var samples: [String]
  /// Whether weights had changed by the time of the search, which then may have met another value.
  var isApproximate = false

  /// Samples that are named; of more only their number.
  private static let mostNamed = 64

  /// Where it is, and in which samples.
  public var description: String {
    let named = samples.prefix(Self.mostNamed).joined(separator: ", ")
    let more = samples.count - Self.mostNamed
    return
      "the first is \(what) in micro-batch \(microBatch), of rank \(rank), with the samples \(named)"
      + (more > 0 ? " and \(more) more" : "")
      + (isApproximate ? ", computed once more when some weights were updated already" : "")
  }
}

extension Job {
  /// The failure that a void step is, with where it comes from: every rank computes its part of the step once more.
  /// Collective.
  ///
  /// - Parameter retake: loads the samples of the step once more.
  func explain(
    _ void: VoidStep, of step: TrainingStep, retake: () throws -> any TrainingTask
  ) throws -> TrainerError {
    // What cannot be found out is no reason to hide what is known, first of all where the search itself fails.
    if isRankZero { Self.printError("\(void); looking for where it comes from") }
    let own = try? origin(of: void, step, retake)
    let found = try communicator.allGather(
      own.flatMap { try? [UInt8](JSONEncoder().encode($0)) } ?? []
    )
    .compactMap { try? JSONDecoder().decode(NonFiniteOrigin.self, from: Data($0)) }
    let error = TrainerError.nonFinite(
      step: void.number, what: void.what,
      origin: found.min { $0.microBatch < $1.microBatch })
    return .agreed(rank: 0, status: error.exitStatus, message: "\(error)")
  }

  private func origin(
    of void: VoidStep, _ step: TrainingStep, _ retake: () throws -> any TrainingTask
  ) throws -> NonFiniteOrigin? {
    let task = try retake()
    let found = try step.findNonFinite(number: void.number) {
      try task.fillNextMicroBatch(ofStep: void.number)
    }
    return found.map {
      NonFiniteOrigin(
        microBatch: $0.microBatch, rank: rank, what: $0.what, samples: task.lastSamples,
        isApproximate: void.hasUpdated)
    }
  }
}
