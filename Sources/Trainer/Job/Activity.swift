import Distributed

/// What a rank is doing.
enum Activity: Equatable, CustomStringConvertible {
  case startingUp
  case extractingFeatures
  case askingTeacher
  case storingTeacherOutputs
  case step(Int)
  case evaluating(afterStep: Int)
  case writingCheckpoint(afterStep: Int)
  case leaving

  var description: String {
    switch self {
    case .startingUp: "starting up"
    case .extractingFeatures: "extracting features"
    case .askingTeacher: "asking the teacher"
    case .storingTeacherOutputs: "storing the teacher's outputs"
    case .step(let step): "step \(step)"
    case .evaluating(let step): "evaluating after step \(step)"
    case .writingCheckpoint(let step): "writing the checkpoint after step \(step)"
    case .leaving: "leaving"
    }
  }

  /// The update that it belongs to.
  var step: Int? {
    switch self {
    case .step(let step), .evaluating(let step), .writingCheckpoint(let step): step
    case .startingUp, .extractingFeatures, .askingTeacher, .storingTeacherOutputs, .leaving: nil
    }
  }
}

/// A part of a training step.
enum StepPhase: UInt8, CaseIterable, CustomStringConvertible {
  /// What the others are not.
  case other
  case data
  case computation
  case reduction
  case update
  case agreement

  var description: String {
    switch self {
    case .other: "between parts of a step"
    case .data: "waiting for samples"
    case .computation: "forward and backward"
    case .reduction: "summing gradients"
    case .update: "updating the weights"
    case .agreement: "asking whether any rank is to stop"
    }
  }
}

extension Activity {
  /// The activity and a part of it as a number, for `Presence.activity`.
  func code(_ phase: StepPhase) -> UInt64 {
    let kind: UInt64 =
      switch self {
      case .startingUp: 0
      case .extractingFeatures: 1
      case .askingTeacher: 2
      case .storingTeacherOutputs: 3
      case .step: 4
      case .evaluating: 5
      case .writingCheckpoint: 6
      case .leaving: 7
      }
    return UInt64(step ?? 0) << 16 | UInt64(phase.rawValue) << 8 | kind
  }

  /// The activity that such a number stands for.
  init(code: UInt64) {
    let step = Int(code >> 16)
    self =
      switch code & 0xFF {
      case 1: .extractingFeatures
      case 2: .askingTeacher
      case 3: .storingTeacherOutputs
      case 4: .step(step)
      case 5: .evaluating(afterStep: step)
      case 6: .writingCheckpoint(afterStep: step)
      case 7: .leaving
      default: .startingUp
      }
  }

  /// The words for such a number; of a step, for the part of it alone.
  static func shortDescription(of code: UInt64) -> String {
    let activity = Activity(code: code)
    if case .step = activity { return "\(StepPhase(code: code))" }
    return "\(activity)"
  }

  /// The words for such a number.
  static func description(of code: UInt64) -> String {
    let (activity, phase) = (Activity(code: code), StepPhase(code: code))
    return phase == .other ? "\(activity)" : "\(activity), \(phase)"
  }
}

extension StepPhase {
  /// The part that such a number stands for.
  init(code: UInt64) { self = StepPhase(rawValue: UInt8(code >> 8 & 0xFF)) ?? .other }
}

/// What this rank does from one moment to the next: known to the thread that watches it, and summed up.
final class Timeline {
  private let presence: Presence
  /// What the rank is doing.
  var activity = Activity.startingUp {
    willSet { endStretch() }
    didSet { presence.activity = activity.code(phase) }
  }
  /// Which part of it.
  private(set) var phase = StepPhase.other
  /// Nanoseconds that went into each phase of steps.
  private var spent = [UInt64](repeating: 0, count: StepPhase.allCases.count)
  private var since = MonotonicClock.nanoseconds
  private var taken = RankShares.Share(computing: 0, data: 0, communication: 0)

  init(_ presence: Presence) { self.presence = presence }

  /// The words for what the rank is doing.
  var description: String { Activity.description(of: activity.code(phase)) }

  /// Notes that a part begins, and another ends.
  func begin(_ new: StepPhase) {
    endStretch()
    phase = new
    presence.activity = activity.code(new)
  }

  /// Writes down what ends now.
  private func endStretch() {
    let now = MonotonicClock.nanoseconds
    if case .step = activity { spent[Int(phase.rawValue)] += now - since }
    presence.mainRecorder?.add(.activity, activity.code(phase), from: since, to: now)
    since = now
  }

  /// Runs `body` as a part of what the rank does; what fails there leaves it to be told.
  func during<Value>(_ part: StepPhase, _ body: () throws -> Value) rethrows -> Value {
    let before = phase
    begin(part)
    let value = try body()
    begin(before)
    return value
  }

  /// Where the time went since the last call, on average over some steps.
  ///
  /// - Parameter waited: seconds that were spent waiting for samples since the start.
  func takeShare(steps: Int, waited: Double) -> RankShares.Share {
    let all = StepPhase.allCases.filter { $0 != .other }.reduce(0) { $0 + seconds(in: $1) }
    let communication = seconds(in: .reduction) + seconds(in: .agreement)
    let total = RankShares.Share(
      computing: all - communication - waited, data: waited, communication: communication)
    defer { taken = total }
    let count = Double(max(1, steps))
    return RankShares.Share(
      computing: (total.computing - taken.computing) / count,
      data: (total.data - taken.data) / count,
      communication: (total.communication - taken.communication) / count)
  }

  /// Seconds that went into a phase of steps since the start.
  func seconds(in phase: StepPhase) -> Double { Double(spent[Int(phase.rawValue)]) / 1e9 }
}
