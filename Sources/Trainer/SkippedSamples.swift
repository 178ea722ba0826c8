import Datasets
import Distributed
import Foundation

/// The images that a run could not use, each once: the same on all ranks, whatever their number, and
/// kept in the checkpoints.
struct SkippedSamples: Equatable {
  /// Indices into the manifest's records.
  private(set) var samples: Set<Int32>
  /// How many images were met since the process started; those before are known by number only.
  private var first: [String] = []

  /// What an error message lists.
  private static let listed = 5

  init(samples: [Int32] = []) { self.samples = Set(samples) }

  /// Adds what all ranks have met.
  ///
  /// - Throws: `DatasetError.tooManySamples` where that is more than the policy allows.
  mutating func add(_ problems: [SampleProblem], policy: ErrorPolicy) throws {
    for problem in problems where samples.insert(problem.sample).inserted {
      if first.count < Self.listed { first.append(problem.description) }
    }
    if case .skip(let limit) = policy, samples.count > limit {
      throw DatasetError.tooManySamples(count: samples.count, limit: limit, first: first)
    }
  }
}

extension Job {
  /// Puts the problems of all ranks together, in the order of the list. Collective.
  func gather(_ own: [SampleProblem]) throws -> [SampleProblem] {
    let bytes = own.isEmpty ? [] : Array(try JSONEncoder().encode(own))
    return try communicator.allGather(bytes).filter { !$0.isEmpty }
      .flatMap { try JSONDecoder().decode([SampleProblem].self, from: Data($0)) }
      .sorted { ($0.line, $0.sample) < ($1.line, $1.sample) }
  }

  /// Throws an error that all ranks come upon alike.
  func throwingAlike<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch {
      throw TrainerError.agreed(
        rank: 0, status: ExitStatus(of: error), message: "\(error)")
    }
  }
}
