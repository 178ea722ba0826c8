import Synchronization

/// What one thread of a rank does together with other ranks, for the thread that watches it.
///
/// Written by the one thread whose lane it is, with a store on each side of a call that waits; read by others.
final class Lane: Sendable {
  /// Collective calls that were begun, shifted, and what the thread waits for.
  private let word = Atomic<UInt64>(0)
  /// Where its waits are written down; set before anybody waits beside the thread that sets it.
  nonisolated(unsafe) var recorder: SpanRecorder?

  /// Shorter waits, in nanoseconds, cannot be seen in a picture.
  private static let shortestRecorded: UInt64 = 2000

  /// What another thread sees.
  struct State: Equatable, Sendable {
    /// Collective calls that were begun. All ranks make the same ones, in the same order.
    var collectives: UInt64 = 0
    /// What the thread waits for; nil where it does not wait.
    var wait: Wait?
  }

  /// Notes that a call begins which every rank makes.
  func beginCollective() {
    let (collectives, _) = Self.parts(of: word.load(ordering: .relaxed))
    word.store(Self.word(collectives + 1, nil), ordering: .relaxed)
  }

  /// Runs a call that waits for other ranks.
  func waiting<Value>(for wait: Wait, _ call: () -> Value) -> Value {
    let (collectives, outer) = Self.parts(of: word.load(ordering: .relaxed))
    word.store(Self.word(collectives, wait), ordering: .relaxed)
    let value = recorder.map { recorded(by: $0, wait, call) } ?? call()
    word.store(Self.word(collectives, outer), ordering: .relaxed)
    return value
  }

  private func recorded<Value>(
    by recorder: SpanRecorder, _ wait: Wait, _ call: () -> Value
  ) -> Value {
    let start = MonotonicClock.nanoseconds
    let value = call()
    let end = MonotonicClock.nanoseconds
    if end - start > Self.shortestRecorded {
      recorder.add(.wait, UInt64(wait.rawValue), from: start, to: end)
    }
    return value
  }

  /// What the thread does now.
  var state: State { State(word: word.load(ordering: .relaxed)) }

  fileprivate static func word(_ collectives: UInt64, _ wait: Wait?) -> UInt64 {
    collectives << 8 | UInt64(wait?.rawValue ?? 0)
  }

  fileprivate static func parts(of word: UInt64) -> (collectives: UInt64, wait: Wait?) {
    (word >> 8, Wait(rawValue: UInt8(truncatingIfNeeded: word)))
  }
}

extension Lane.State {
  /// As one number, for a message.
  var word: UInt64 { Lane.word(collectives, wait) }

  init(word: UInt64) { (collectives, wait) = Lane.parts(of: word) }
}

/// What a thread waits for.
enum Wait: UInt8, CaseIterable, CustomStringConvertible {
  case barrier = 1, broadcast, allGather, allReduce, send, receive, messages, node, allocation,
    release
  case duplication, end, finalization, separation

  /// The call that waits, as the MPI library names it where it is one of its.
  var description: String {
    switch self {
    case .barrier: "MPI_Barrier"
    case .broadcast: "MPI_Bcast"
    case .allGather: "MPI_Allgather"
    case .allReduce: "MPI_Allreduce"
    case .send: "MPI_Send"
    case .receive: "MPI_Recv"
    case .messages: "MPI_Wait"
    case .node: "the sum over the ranks of a node"
    case .allocation: "MPI_Win_allocate_shared"
    case .release: "MPI_Win_free"
    case .duplication: "MPI_Comm_dup"
    case .separation: "MPI_Comm_free"
    case .end: "the end of the job"
    case .finalization: "MPI_Finalize"
    }
  }
}
