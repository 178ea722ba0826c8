import Synchronization

/// What this rank does, for the thread that watches it.
///
/// Sendable because what changes while there are several threads is atomic.
public final class Presence: @unchecked Sendable {
  /// The thread that trains.
  let main = Lane()
  /// The thread that sums gradients meanwhile.
  let gradients = Lane()
  private let activityCode = Atomic<UInt64>(0)

  /// What the rank does, as a number whose meaning all processes of the job know.
  public var activity: UInt64 {
    get { activityCode.load(ordering: .relaxed) }
    set { activityCode.store(newValue, ordering: .relaxed) }
  }

  /// Where the stretches of the thread that trains are written down; nil where they are not.
  public private(set) var mainRecorder: SpanRecorder?
  /// The same of the thread that sums gradients.
  public private(set) var gradientsRecorder: SpanRecorder?

  /// Writes down from now on what runs when. Before there is a second thread.
  ///
  /// - Parameter capacity: stretches of each thread.
  public func record(capacity: Int) {
    mainRecorder = SpanRecorder(capacity: capacity)
    gradientsRecorder = SpanRecorder(capacity: capacity)
    main.recorder = mainRecorder
    gradients.recorder = gradientsRecorder
  }
}

/// What a rank did when it gave its last word, and for how long.
struct RankState: Equatable, Sendable {
  /// What a lane did, and the seconds for which it has done that.
  struct LaneState: Equatable, Sendable {
    var state = Lane.State()
    var seconds = 0.0
  }

  /// The thread that trains, and the one that sums gradients.
  var lanes = [LaneState(), LaneState()]
  /// What the rank does, see `Presence.activity`.
  var activity: UInt64 = 0
  /// For how long.
  var activitySeconds = 0.0
  /// Seconds since this was said.
  var silence = 0.0
  /// Whether the rank has nothing more to do with others.
  var isLeaving = false

  /// Ages what was said.
  mutating func age(by seconds: Double) {
    silence += seconds
    activitySeconds += seconds
    for lane in lanes.indices { lanes[lane].seconds += seconds }
  }

  /// Takes the present of this process, `seconds` after the last time.
  mutating func observe(_ presence: Presence, after seconds: Double) {
    age(by: seconds)
    silence = 0
    for (lane, now) in [presence.main.state, presence.gradients.state].enumerated()
    where now != lanes[lane].state {
      lanes[lane] = LaneState(state: now, seconds: 0)
    }
    if presence.activity != activity { (activity, activitySeconds) = (presence.activity, 0) }
  }
}

extension RankState {
  /// Numbers in a message.
  static let messageCount = 7

  /// The state as a message; times in milliseconds.
  var message: [UInt64] {
    func milliseconds(_ seconds: Double) -> UInt64 { UInt64(seconds * 1000) }
    return [
      isLeaving ? 1 : 0, activity, milliseconds(activitySeconds),
      lanes[0].state.word, milliseconds(lanes[0].seconds),
      lanes[1].state.word, milliseconds(lanes[1].seconds),
    ]
  }

  /// What another rank has said just now.
  init(message: [UInt64]) {
    precondition(message.count == Self.messageCount)
    func seconds(_ milliseconds: UInt64) -> Double { Double(milliseconds) / 1000 }
    isLeaving = message[0] == 1
    (activity, activitySeconds) = (message[1], seconds(message[2]))
    lanes = [3, 5].map {
      LaneState(state: Lane.State(word: message[$0]), seconds: seconds(message[$0 + 1]))
    }
  }
}
