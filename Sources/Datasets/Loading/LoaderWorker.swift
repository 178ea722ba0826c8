import Foundation

/// One background thread's work.
///
/// Sendable because one thread runs it, and what it shares is `queue`.
final class LoaderWorker: @unchecked Sendable {
  /// What the system calls the threads.
  static let threadName = "aver-data"
  /// How much nicer the threads are than their process.
  ///
  /// They share the cores of their rank with the threads that compute, and those wait for each other many
  /// times a step: one that is held up holds up all, and the other ranks. 10 steps down, Linux gives
  /// decoding a tenth of a core that is computing, which reads ahead, and the whole core whenever
  /// computing waits: so a queue that ran empty fills at full speed.
  static let niceness: CInt = 10

  private let source: any SampleSource
  private let queue: LoaderQueue
  private let mode: BatchLoader.Mode
  private let seed: UInt64
  private let onError: ErrorPolicy

  init(
    source: any SampleSource, queue: LoaderQueue, mode: BatchLoader.Mode, seed: UInt64,
    onError: ErrorPolicy
  ) {
    self.source = source
    self.queue = queue
    self.mode = mode
    self.seed = seed
    self.onError = onError
  }

  /// Starts the thread; it ends with the queue.
  func start() {
    Thread.detachNewThread {
      // Foundation tells the system a thread's name only where it is set late enough; proc(5) has this way.
      try? Data(Self.threadName.utf8).write(to: URL(filePath: "/proc/thread-self/comm"))
      // Of this thread alone: Linux has a niceness for each.
      _ = nice(Self.niceness)
      while self.workOnNext() {}
      self.queue.workerEnded()
    }
  }

  /// Makes one sample, waiting for room in the queue; false when there is nothing left to do.
  func workOnNext() -> Bool {
    guard let claim = queue.claim() else { return false }
    queue.finish(claim, work(on: claim))
    return true
  }

  private func work(on claim: LoaderClaim) -> LoaderResult {
    var result = LoaderResult()
    if claim.place == 0 {
      source.prepare(claim.request.order.upcoming(after: claim.request.positions))
    }
    let position = claim.request.positions.lowerBound + claim.place
    let sample =
      position < claim.request.positions.upperBound
      ? claim.request.order.sample(at: position) : MicroBatchRequest.padding
    let isRead =
      sample != MicroBatchRequest.padding
      && (read(sample, at: position, claim, &result) || substitute(position, claim, &result))
    if !isRead {
      claim.image.initializeMemory(as: UInt8.self, repeating: 0, count: source.sampleBytes)
    }
    return result
  }

  /// Reads the first substitute that can be read for the sample at `position`.
  private func substitute(
    _ position: Int, _ claim: LoaderClaim, _ result: inout LoaderResult
  ) -> Bool {
    guard claim.request.substitutes, case .skip(let limit) = onError else { return false }
    for substitute in claim.request.substitutePositions(for: position) {
      // One failure more than the limit ends the run whatever follows.
      if result.problems.count > limit { return false }
      let sample = claim.request.order.sample(at: substitute)
      if result.problems.contains(where: { $0.sample == sample }) { continue }
      if read(sample, at: substitute, claim, &result) { return true }
    }
    result.lacksSubstitute = true
    return false
  }

  private func read(
    _ sample: Int32, at position: Int, _ claim: LoaderClaim, _ result: inout LoaderResult
  ) -> Bool {
    let order = claim.request.order
    do {
      switch mode {
      case .training:
        let key = SampleKey(
          seed: seed, epoch: order.epoch, sample: sample, draw: order.draw(at: position))
        try source.readForTraining(key, into: claim.image)
      case .evaluation: try source.readForEvaluation(sample, into: claim.image)
      }
    } catch {
      result.problems.append(error)
      return false
    }
    result.sample = sample
    result.label = source.label(of: sample)
    result.weight = 1
    return true
  }
}
