import Foundation

/// Writes checkpoints while the training goes on.
///
/// A checkpoint begins with a copy of what is learned, of which every rank makes a part. A thread of each
/// rank writes that part; once ranks have told each other, at step boundaries, that all are done, rank 0
/// completes the checkpoint, on its thread again. One checkpoint is under way at a time.
final class CheckpointWriter {
  /// How a checkpoint ended, the same on all ranks.
  enum Outcome {
    /// It is on disk; the remark says what could not be done after that.
    case written(CheckpointState, CheckpointCost, remark: String?)
    /// It is not; the message says why. Earlier ones are untouched.
    case failed(CheckpointState, message: String)
  }

  private enum Phase {
    case idle
    /// This rank's pieces are being written.
    case writing(UnderWay, BackgroundWork<[String]>)
    /// Rank 0 completes the checkpoint; the others have nothing to do.
    case completing(UnderWay, BackgroundWork<String?>?)
  }

  private struct UnderWay {
    var state: CheckpointState
    var image: CheckpointImage
    var cost: CheckpointCost
    var began: ContinuousClock.Instant
  }

  private let job: Job
  private let store: CheckpointStore
  private let snapshot: ModelSnapshot
  private let memory = SnapshotMemory()
  private var phase = Phase.idle

  /// A writer of a run's checkpoints.
  init(job: Job, store: CheckpointStore, snapshot: ModelSnapshot) {
    self.job = job
    self.store = store
    self.snapshot = snapshot
  }

  /// The checkpoint that is being written; nil where none is.
  var stateUnderWay: CheckpointState? {
    switch phase {
    case .idle: nil
    case .writing(let checkpoint, _), .completing(let checkpoint, _): checkpoint.state
    }
  }

  /// Whether this rank is at work: what ranks tell each other at step boundaries.
  var isWorking: Bool {
    switch phase {
    case .idle: false
    case .writing(_, let work): !work.isFinished
    case .completing(_, let work): work.map { !$0.isFinished } ?? false
    }
  }

  /// Copies what is learned, and begins to write it. Collective; none may be under way.
  ///
  /// - Returns: an outcome where it cannot even begin.
  func begin(_ state: CheckpointState) throws -> Outcome? {
    guard case .idle = phase else { preconditionFailure("one checkpoint at a time") }
    let began = ContinuousClock.now
    try snapshot.collect(job.communicator)
    let image = try snapshot.image()
    let files = image.sizes
    do {
      try job.agreement.onRankZero {
        try job.requireLease()
        try store.prepare(step: state.step, files)
      }
    } catch TrainerError.agreed(_, .internalError, let message) {
      return .failed(state, message: message)
    }
    let share = image.share(of: job.rank, worldSize: job.communicator.worldSize)
    memory.reserve(share)
    try image.copy(share, into: memory.bytes)
    let work = BackgroundWork(name: Self.threadName) { [store, memory] in
      try store.write(step: state.step, files, Array(zip(share, memory.parts(share))))
    }
    let cost = CheckpointCost(
      bytes: files.totalBytes, stallSeconds: began.secondsAgo, seconds: 0)
    phase = .writing(UnderWay(state: state, image: image, cost: cost, began: began), work)
    return nil
  }

  /// Goes on where all ranks have done what there was to do. Collective, where no rank is working.
  ///
  /// - Returns: how the checkpoint ended, once it has.
  func advance() throws -> Outcome? {
    switch phase {
    case .idle: return nil
    case .writing(let checkpoint, let work): return try complete(checkpoint, work)
    case .completing(let checkpoint, let work):
      phase = .idle
      let remark: String?
      do {
        remark = try job.agreement.onRankZero { [try work?.wait() ?? nil] }[0]
      } catch TrainerError.agreed(_, .internalError, let message) {
        return try abandon(checkpoint, message: message)
      }
      var cost = checkpoint.cost
      cost.seconds = checkpoint.began.secondsAgo
      return .written(checkpoint.state, cost, remark: remark)
    }
  }

  /// Seconds that a checkpoint takes on a slow file system: before one was written, nothing better is known.
  ///
  /// - Throws: what `ModelSnapshot.image` throws.
  func likelySeconds() throws -> Double {
    let slowBytesPerSecond = 50e6
    return Double(try snapshot.image().sizes.totalBytes) / slowBytesPerSecond
  }

  /// Waits for the checkpoint that is under way. Collective.
  ///
  /// - Returns: how it ended; nil where none was under way.
  func finish() throws -> Outcome? {
    while stateUnderWay != nil {
      if let outcome = try advance() { return outcome }
    }
    return nil
  }

  // MARK: - Parts

  /// What the system calls the thread.
  private static let threadName = "aver-checkpoint"

  /// Lets rank 0 complete what all ranks have written.
  private func complete(
    _ checkpoint: UnderWay, _ work: BackgroundWork<[String]>
  ) throws -> Outcome? {
    phase = .idle
    let digests: [String]
    do {
      digests = try job.agreement.together { try work.wait() }
    } catch TrainerError.agreed(_, .internalError, let message) {
      return try abandon(checkpoint, message: message)
    }
    let parts = try job.communicator.gather(
      Array(digests.joined(separator: " ").utf8), to: 0)
    let pieces = parts.map { parts in
      checkpoint.image.inOrder(
        parts.flatMap { String(decoding: $0, as: UTF8.self).split(separator: " ") },
        worldSize: job.communicator.worldSize)
    }
    phase = .completing(
      checkpoint,
      pieces.map { pieces in
        let entries = CheckpointManifest.entries(
          of: checkpoint.image.sizes, pieces: pieces.map(String.init))
        let (store, state, lease) = (store, checkpoint.state, job.lease)
        return BackgroundWork(name: Self.threadName) {
          try store.commit(state, entries) { try lease?.require() }
        }
      })
    return nil
  }

  /// Removes what there is of a checkpoint that cannot be completed. Collective.
  private func abandon(_ checkpoint: UnderWay, message: String) throws -> Outcome {
    try job.agreement.onRankZero { store.abandon(step: checkpoint.state.step) }
    return .failed(checkpoint.state, message: message)
  }
}

/// What a checkpoint has cost.
struct CheckpointCost: Equatable, Sendable {
  /// Bytes of weights and of what the optimizer remembers.
  var bytes: Int
  /// Seconds that the training stood still for it, without waiting for the one before.
  var stallSeconds: Double
  /// Seconds from its begin until it was on disk.
  var seconds: Double
}

extension ContinuousClock.Instant {
  /// Seconds that have passed since then.
  var secondsAgo: Double { duration(to: .now) / .seconds(1) }
}
