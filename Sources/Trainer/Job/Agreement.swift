import Distributed
import Foundation

/// Makes ranks decide alike: what fails on one of them fails on all, with the same words.
final class Agreement {
  let communicator: Communicator
  /// Kept so that a step boundary allocates nothing.
  private var flags = [Int32](repeating: 0, count: BoundaryFlags.count)

  init(communicator: Communicator) { self.communicator = communicator }

  private struct Failure: Codable {
    var status: Int32
    var message: String
  }

  private struct Outcome<Value: Codable>: Codable {
    var value: Value?
    var failure: Failure?
  }

  /// Runs `body` on every rank. Collective.
  ///
  /// - Throws: `TrainerError.agreed` on every rank when `body` threw on any.
  func together<Value>(_ body: () throws -> Value) throws -> Value {
    let result = Result { try body() }
    let own = Self.failure(of: result).map(Self.encode) ?? []
    let failures = try communicator.allGather(own)
    if let rank = failures.firstIndex(where: { !$0.isEmpty }) {
      let isCommon = failures.allSatisfy { $0 == failures[rank] }
      throw Self.error(failures[rank], rank: isCommon ? nil : rank)
    }
    return try result.get()
  }

  /// Runs `body` on rank 0 and gives every rank what it returned. Collective.
  ///
  /// - Throws: `TrainerError.agreed` on every rank when `body` threw.
  func onRankZero<Value: Codable>(_ body: () throws -> Value) throws -> Value {
    var bytes: [UInt8] = []
    if communicator.rank == 0 {
      let result = Result { try body() }
      bytes = Self.encode(
        Outcome(value: try? result.get(), failure: Self.failure(of: result)))
    }
    try communicator.broadcast(&bytes, from: 0)
    let outcome = try JSONDecoder().decode(Outcome<Value>.self, from: Data(bytes))
    guard let value = outcome.value else {
      throw Self.error(outcome.failure.map(Self.encode) ?? [], rank: nil)
    }
    return value
  }

  /// Runs `body` on rank 0; the others wait for how it ends. Collective.
  func onRankZero(_ body: () throws -> Void) throws {
    _ = try onRankZero {
      try body()
      return true
    }
  }

  /// Of each flag, whether any rank has raised it. Collective.
  func any(_ own: BoundaryFlags) throws -> BoundaryFlags {
    for index in flags.indices { flags[index] = Int32(own.rawValue >> index & 1) }
    try communicator.allReduceMaximum(&flags)
    return BoundaryFlags(
      rawValue: flags.indices.reduce(0) { $0 | Int(flags[$1]) << $1 })
  }

  private static func failure(of result: Result<some Any, any Error>) -> Failure? {
    guard case .failure(let error) = result else { return nil }
    return Failure(status: ExitStatus(of: error).rawValue, message: "\(error)")
  }

  private static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    // Ranks compare the bytes: equal failures have to be equal there.
    encoder.outputFormatting = .sortedKeys
    // Encoding these plain structures cannot fail; an empty message is still a failure to decode.
    return (try? encoder.encode(value)).map { Array($0) } ?? [0]
  }

  private static func error(_ bytes: [UInt8], rank: Int?) -> TrainerError {
    let failure = try? JSONDecoder().decode(Failure.self, from: Data(bytes))
    let message = failure?.message ?? "a failure that could not be described"
    return .agreed(
      rank: rank ?? 0,
      status: failure.flatMap { ExitStatus(rawValue: $0.status) } ?? .internalError,
      message: rank.map { "rank \($0): \(message)" } ?? message)
  }
}

/// What ranks tell each other at step boundaries.
struct BoundaryFlags: OptionSet {
  let rawValue: Int

  /// How many there are.
  static let count = 4

  /// Somebody asked this rank to stop.
  static let stop = BoundaryFlags(rawValue: 1 << 0)
  /// There are samples that this rank could not use.
  static let problems = BoundaryFlags(rawValue: 1 << 1)
  /// This rank is still writing its part of a checkpoint.
  static let writing = BoundaryFlags(rawValue: 1 << 2)
  /// The time limit is near.
  static let late = BoundaryFlags(rawValue: 1 << 3)

  /// Whether ranks that have raised these are to stop.
  var isStop: Bool { !isDisjoint(with: [.stop, .late]) }
}
