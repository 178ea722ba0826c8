import Distributed
import Foundation
import Media

/// Features that somebody wants: of one recording's film or sound.
struct FeatureItem {
  /// The recording's name, for messages and the file's name.
  var recording: String
  /// Frames of the recording.
  var frames: Range<Int>
  /// Rows of its table: of those frames, and of some behind them.
  var rows: Int
  /// What decides the features.
  var key: FeatureKey
  /// Where they are kept.
  var path: String
}

/// Makes the features that a cache lacks, on all ranks of a job.
///
/// A rank takes whole recordings, so that which rank does it changes nothing; between two pieces of
/// work, all ranks ask whether to stop. What is finished is kept.
struct FeatureExtraction {
  let job: Job
  let cache: FeatureCache
  let console: Console
  /// Begins an item's extraction.
  let begin: (FeatureItem) throws -> any FeatureWork

  /// Extracts what is missing. Collective.
  ///
  /// - Parameter isStopRequested: asked between pieces, on all ranks; collective.
  /// - Returns: false when a stop was requested.
  /// - Throws: `TrainerError.agreed` naming the recording and what is wrong with it.
  func run(_ items: [FeatureItem], isStopRequested: () throws -> Bool) throws -> Bool {
    try job.during(.extractingFeatures) { try extract(items, isStopRequested) }
  }

  private func extract(
    _ items: [FeatureItem], _ isStopRequested: () throws -> Bool
  ) throws -> Bool {
    if job.isRankZero { cache.removeAbandoned() }
    let missing = try missing(of: items)
    guard !missing.isEmpty else { return true }
    console.say(
      "extracting features of \(missing.count) of \(items.count) films and sounds into "
        + cache.folder)
    var share = ExtractionShare(dealt(missing), cache: cache, begin: begin)
    let frames = missing.reduce(0) { $0 + $1.frames.count }
    var progress = ExtractionProgress(items: missing.count, frames: frames)
    while true {
      if try isStopRequested() {
        console.say("stopped; features that are finished are kept in \(cache.folder)")
        return false
      }
      share.advance()
      let shares = try job.communicator.allGather(ByteCoding.bytes(of: share.state))
        .map { ByteCoding.values(in: $0[...]) as [Int] }
      if shares.contains(where: { $0[ExtractionShare.failed] != 0 }) {
        try job.agreement.together { if let failure = share.failure { throw failure } }
      }
      let isDone = shares.allSatisfy { $0[ExtractionShare.left] == 0 }
      progress.show(shares, on: console, isLast: isDone)
      if isDone { return true }
    }
  }

  /// The items whose features are not there yet, in their order. Collective: each rank looks at its
  /// part of the files.
  private func missing(of items: [FeatureItem]) throws -> [FeatureItem] {
    let own = try job.agreement.together {
      try dealt(items).map {
        try cache.has($0.path, frames: $0.rows, type: $0.key.type) { Job.printError($0) }
          ? UInt8(0) : 1
      }
    }
    let all = try job.communicator.allGather(own)
    let ranks = job.communicator.worldSize
    return items.indices.filter { all[$0 % ranks][$0 / ranks] == 1 }.map { items[$0] }
  }

  /// This rank's part, in turn.
  private func dealt(_ items: [FeatureItem]) -> [FeatureItem] {
    stride(from: job.rank, to: items.count, by: job.communicator.worldSize).map { items[$0] }
  }
}

/// What one rank extracts.
private struct ExtractionShare {
  /// Places in `state`.
  static let (failed, left, done, frames) = (0, 1, 2, 3)

  private(set) var failure: (any Error)?
  private var items: ArraySlice<FeatureItem>
  private let cache: FeatureCache
  private let begin: (FeatureItem) throws -> any FeatureWork
  private var work: (any FeatureWork)?
  private var itemsDone = 0
  private var framesOfDone = 0

  init(
    _ items: [FeatureItem], cache: FeatureCache,
    begin: @escaping (FeatureItem) throws -> any FeatureWork
  ) {
    self.items = items[...]
    self.cache = cache
    self.begin = begin
  }

  /// What other ranks want to know: whether something went wrong, how much is left, how much is done.
  var state: [Int] {
    let current = items.first.flatMap { item in
      work.map { item.frames.count * $0.framesDone / max(1, $0.framesInAll) }
    }
    return [failure == nil ? 0 : 1, items.count, itemsDone, framesOfDone + (current ?? 0)]
  }

  /// Does the next piece of work, where there is any.
  mutating func advance() {
    guard failure == nil, let item = items.first else { return }
    do {
      let work = try work ?? begin(item)
      self.work = work
      if try work.advance() { return }
      try cache.write(work.table, metadata: item.key.metadata, to: item.path)
      finish(item)
    } catch let error where error is MediaError || error is FeatureProblem {
      failure = TrainerError.recordingUnusable(name: item.recording, reason: "\(error)")
    } catch {
      failure = error
    }
  }

  private mutating func finish(_ item: FeatureItem) {
    itemsDone += 1
    framesOfDone += item.frames.count
    items.removeFirst()
    work = nil
  }
}

/// How far the extraction is, said every so often.
private struct ExtractionProgress {
  let items: Int
  let frames: Int
  private let started = ContinuousClock.now
  private var said = ContinuousClock.now

  private static let pause = Duration.seconds(10)

  init(items: Int, frames: Int) {
    self.items = items
    self.frames = frames
  }

  mutating func show(_ shares: [[Int]], on console: Console, isLast: Bool) {
    guard isLast || said.duration(to: .now) >= Self.pause else { return }
    said = .now
    let done = shares.reduce(0) { $0 + $1[ExtractionShare.done] }
    let seen = shares.reduce(0) { $0 + $1[ExtractionShare.frames] }
    let seconds = started.duration(to: .now) / .seconds(1)
    let rate = Double(seen) / seconds
    let left = isLast || seen == 0 ? nil : Double(frames - seen) / rate
    console.say(
      "features: \(done)/\(items) films and sounds, "
        + String(format: "%.0f frames/s", rate)
        + (left.map { String(format: ", %.0f s left", $0) }
          ?? String(format: ", %.1f s in all", seconds)))
  }
}
