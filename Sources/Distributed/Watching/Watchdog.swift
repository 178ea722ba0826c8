import CMPI
import Foundation
import Synchronization

/// Watches, on a thread of its own on every rank, that no rank waits for ever for the others.
///
/// Ranks tell rank 0 several times a second what they do and wait for; it answers with what it does. Where a rank has
/// waited for long, rank 0 knows which have not come, what they did last and since when, says so, and at last ends
/// the job. Where rank 0 itself gives no word any more, another rank ends it. Where MPI lets only one thread
/// call it, every rank watches itself alone.
///
/// Time counts as far as the watching thread itself runs: a job that was suspended as a whole goes on.
///
/// Sendable because what threads share is atomic or guarded by a lock; the rest belongs to the watching thread.
public final class Watchdog: @unchecked Sendable {
  /// When a wait is too long, in seconds.
  public struct Limits: Equatable, Sendable {
    /// Until it is told.
    public var warning: Double
    /// Until it ends the job.
    public var end: Double

    /// Limits; infinite for none.
    public init(warning: Double, end: Double) { (self.warning, self.end) = (warning, end) }
  }

  /// Who hears of it, on the watching thread.
  public struct Listener: Sendable {
    /// The words for what `Presence.activity` says.
    public var describe: @Sendable (UInt64) -> String
    /// Ranks have waited for long, or no longer do: on rank 0, where that is known.
    public var warn: @Sendable (String) -> Void
    /// Ranks have waited for too long: ends the job. Is told where those run that have not come.
    public var end: @Sendable (_ message: String, _ hosts: [String]) -> Never
    /// A rank has failed, and said why and with which status: on rank 0, for the first one.
    public var fail: @Sendable (_ message: String) -> Void
    /// A rank that has failed did not end the job: ends it.
    public var endAfterFailure: @Sendable (_ status: Int32) -> Never
    /// The job ends, on any rank: the process may not outlive it for long.
    public var prepareEnd: @Sendable (_ status: Int32) -> Void
    /// The status of a job that ends because ranks have waited for too long.
    public var hungStatus: Int32

    /// All of them.
    public init(
      describe: @escaping @Sendable (UInt64) -> String, warn: @escaping @Sendable (String) -> Void,
      end: @escaping @Sendable (String, [String]) -> Never,
      fail: @escaping @Sendable (String) -> Void,
      endAfterFailure: @escaping @Sendable (Int32) -> Never,
      prepareEnd: @escaping @Sendable (Int32) -> Void, hungStatus: Int32
    ) {
      self.describe = describe
      self.warn = warn
      self.end = end
      self.fail = fail
      self.endAfterFailure = endAfterFailure
      self.prepareEnd = prepareEnd
      self.hungStatus = hungStatus
    }
  }

  private let rank: Int
  /// Where each rank runs.
  public let hosts: [String]
  private let presence: Presence
  private let listener: Listener
  private let channel: WatchChannel?
  private let limits: Mutex<Limits>
  /// What this rank wants rank 0 to say, and whether it has.
  private let failure = Mutex<(message: [UInt8], isSent: Bool)?>(nil)
  private let endIsKnown = Gate()
  private let endStatus = Atomic<Int32>(0)
  private let leaving = Gate()
  private let hasEnded = Gate()

  // Of the watching thread.
  private var ranks: [RankState]
  private var standstill: Standstill?
  private var nextWarning = 0.0
  private var sinceWord = 0.0
  private var farewells: Set<Int> = []
  /// The ranks that rank 0 has told of the end of the job.
  private var toldOfEnd: Set<Int> = []
  /// On rank 0, the status of a rank that has failed, and for how long it has been expected to end the job.
  private var failed: (status: Int32, seconds: Double)?

  /// Between two looks, in seconds, and while all that is left to do is to stop.
  private static let tick = 0.1
  private static let lastTick = 0.002
  /// Between two words of a rank; more where there are so many that rank 0 would do nothing but listen.
  private var wordInterval: Double { max(0.25, Double(ranks.count) / 500) }
  /// Without a word, a rank counts as missing.
  private var silence: Double { 2 + 2 * wordInterval }
  /// What a rank leaves rank 0 to end the job before it does so itself.
  ///
  /// Each of the first ranks has time to end it and to write why, before the next one tries.
  private var margin: Double { 5 + 8 * Double(min(max(rank - 1, 0), 5)) }

  /// Starts to watch. Collective.
  ///
  /// - Throws: `MPIError`.
  public init(communicator: Communicator, limits: Limits, listener: Listener) throws {
    rank = communicator.rank
    presence = communicator.presence
    self.listener = listener
    self.limits = Mutex(limits)
    hosts = try communicator.allGather(Array(communicator.hostName.utf8)).map {
      String(decoding: $0, as: UTF8.self)
    }
    ranks = [RankState](repeating: RankState(), count: communicator.worldSize)
    if communicator.threadLevel == .multiple, communicator.worldSize > 1 {
      channel = WatchChannel(
        handle: try communicator.duplicatedHandle(), worldSize: communicator.worldSize)
    } else {
      channel = nil
    }
    Thread.detachNewThread { self.watch() }
  }

  /// Changes the limits.
  public func set(_ new: Limits) { limits.withLock { $0 = new } }

  /// The limits.
  public var currentLimits: Limits { limits.withLock { $0 } }

  /// Stops watching: collective, since no word may be under way when MPI ends. Ranks that do not come are told of as
  /// anywhere else.
  public func end() {
    presence.main.beginCollective()
    presence.main.waiting(for: .end) {
      leaving.open()
      while !hasEnded.wait(seconds: 3600) {}
    }
  }

  /// Lets rank 0 say why this rank ends the job, so that its last words are the first failure of the job.
  ///
  /// - Parameters:
  ///   - message: what it says.
  ///   - status: the status that the job ends with.
  ///   - seconds: how long to wait for it.
  /// - Returns: the status of the first failure, where rank 0 has said or will say what that was; nil where the caller
  ///   has to.
  public func tellFailure(_ message: String, status: Int32, within seconds: Double) -> Int32? {
    guard rank != 0 else {
      return claimFailure(status: status) ? nil : endStatus.load(ordering: .acquiring)
    }
    guard channel != nil else { return nil }
    let bytes = withUnsafeBytes(of: status) { Array($0) } + Array(message.utf8)
    failure.withLock { $0 = (bytes, false) }
    return endIsKnown.wait(seconds: seconds) ? endStatus.load(ordering: .acquiring) : nil
  }

  /// On rank 0, whether no failure was told before this one.
  private func claimFailure(status: Int32) -> Bool {
    guard
      endStatus.compareExchange(expected: 0, desired: status, ordering: .acquiringAndReleasing)
        .exchanged
    else { return false }
    endIsKnown.open()
    return true
  }

  // MARK: - The watching thread

  private func watch() {
    var last = MonotonicClock.nanoseconds
    while true {
      let isLeaving = leaving.wait(seconds: Self.tick)
      if isLeaving { Thread.sleep(forTimeInterval: Self.lastTick) }
      let now = MonotonicClock.nanoseconds
      // A thread that did not run for longer was stopped with its process, or found no core: so may the others.
      let elapsed = min(Double(now &- last) / 1e9, 2 * Self.tick)
      last = now
      if turn(after: elapsed, isLeaving: isLeaving) { return hasEnded.open() }
    }
  }

  /// - Returns: whether there is nothing more to watch.
  private func turn(after elapsed: Double, isLeaving: Bool) -> Bool {
    for index in ranks.indices where index != rank { ranks[index].age(by: elapsed) }
    ranks[rank].observe(presence, after: elapsed)
    ranks[rank].isLeaving = isLeaving
    guard let channel else {
      judgeAlone(margin: 0)
      return isLeaving
    }
    while let (kind, sender, bytes) = channel.receive() { take(kind, from: sender, bytes) }
    sinceWord += elapsed
    let speaks = sinceWord >= wordInterval || isLeaving && rank != 0
    if speaks { sinceWord = 0 }
    if rank == 0 {
      tellEnd(channel)
      expectEnd(after: elapsed)
      judge()
      return answerAll(channel, speaks: speaks)
    }
    sendFailure(channel)
    if speaks, !farewells.contains(0), channel.send(.state, ranks[rank].bytes, to: 0), isLeaving {
      farewells.insert(0)
    }
    judgeAlone(margin: margin)
    return isLeaving && ranks[0].isLeaving && channel.hasGone(to: 0)
  }

  private func take(_ kind: WatchChannel.Kind, from sender: Int, _ bytes: [UInt8]) {
    switch kind {
    case .state, .answer:
      if let state = RankState(bytes: bytes) { ranks[sender] = state }
    case .failure:
      hear(failure: bytes)
    case .ending:
      guard bytes.count == 4,
        claimFailure(status: bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) })
      else { return }
      listener.prepareEnd(endStatus.load(ordering: .acquiring))
    }
  }

  /// Rank 0's part of the exchange: what it does, to each rank that has not been told that all is over.
  ///
  /// - Returns: whether all have.
  private func answerAll(_ channel: WatchChannel, speaks: Bool) -> Bool {
    // The last word to a rank follows its own last one, so that nothing is under way after it.
    let isLast = ranks.allSatisfy(\.isLeaving)
    guard isLast || speaks else { return false }
    var own = ranks[0]
    own.isLeaving = isLast
    for other in ranks.indices.dropFirst() where !farewells.contains(other) {
      if channel.send(.answer, own.bytes, to: other), isLast { farewells.insert(other) }
    }
    return isLast && farewells.count == ranks.count - 1
      && ranks.indices.dropFirst().allSatisfy(channel.hasGone)
  }

  // MARK: - Waits that are too long

  /// Rank 0 looks at all ranks.
  private func judge() {
    let found = Standstill(among: ranks, silence: silence)
    let limits = currentLimits
    let text = StandstillText(ranks: ranks, hosts: hosts, describe: listener.describe)
    if let before = standstill, found.map({ !$0.isSame(as: before) }) ?? true {
      listener.warn("all ranks have come to \(before.wait), and go on")
      standstill = nil
    }
    guard let found, endStatus.load(ordering: .relaxed) == 0 else { return }
    if found.seconds >= limits.end, claimFailure(status: listener.hungStatus) {
      if let channel { tellEnd(channel) }
      listener.end(text.lines(found), found.missing.map { hosts[$0] })
    }
    let isNew = standstill == nil
    guard found.seconds >= (isNew ? limits.warning : nextWarning) else { return }
    listener.warn(text.lines(found))
    // Half as often each time: a night of waiting is a page and not a book.
    (standstill, nextWarning) = (found, 2 * found.seconds)
  }

  /// A rank looks at itself, and at rank 0 as far as it hears of it.
  private func judgeAlone(margin: Double) {
    guard let found = Standstill(among: [ranks[rank]], silence: .infinity),
      found.seconds >= currentLimits.end + margin
    else { return }
    let text = StandstillText(ranks: ranks, hosts: hosts, describe: listener.describe)
    listener.end(
      text.line(found, of: rank, hearsOfRankZero: channel != nil),
      channel != nil && ranks[0].silence > silence ? [hosts[0]] : [])
  }

  // MARK: - Failures

  private func sendFailure(_ channel: WatchChannel) {
    failure.withLock { failure in
      guard let message = failure, !message.isSent else { return }
      failure?.isSent = channel.send(.failure, message.message, to: 0)
    }
  }

  /// Says on rank 0 what the first rank has failed of; those that follow fail because of it.
  private func hear(failure bytes: [UInt8]) {
    guard bytes.count >= 4 else { return }
    let status = bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
    guard status != 0, claimFailure(status: status) else { return }
    failed = (status, 0)
    listener.fail(String(decoding: bytes.dropFirst(4), as: UTF8.self))
    if let channel { tellEnd(channel) }
  }

  /// Tells the ranks that the job ends, each once.
  private func tellEnd(_ channel: WatchChannel) {
    let status = endStatus.load(ordering: .acquiring)
    guard status != 0 else { return }
    let bytes = withUnsafeBytes(of: status) { Array($0) }
    for other in ranks.indices.dropFirst() where !toldOfEnd.contains(other) {
      if channel.send(.ending, bytes, to: other) { toldOfEnd.insert(other) }
    }
  }

  /// Ends the job where a rank that said it would has not done so.
  private func expectEnd(after elapsed: Double) {
    guard let (status, seconds) = failed else { return }
    failed = (status, seconds + elapsed)
    if seconds > 5 { listener.endAfterFailure(status) }
  }
}

extension RankState {
  fileprivate var bytes: [UInt8] { message.withUnsafeBytes { Array($0) } }

  fileprivate init?(bytes: [UInt8]) {
    guard bytes.count == Self.messageCount * 8 else { return nil }
    self.init(
      message: bytes.withUnsafeBytes { buffer in
        (0..<Self.messageCount).map {
          buffer.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)
        }
      })
  }
}
