/// One background thread's work.
///
/// Sendable because one thread runs it, and what it shares is `queue`.
final class LoaderWorker: @unchecked Sendable {
  private let reader: SampleReader
  private let queue: LoaderQueue
  private let manifest: FaceManifest
  private let mode: BatchLoader.Mode
  private let seed: UInt64
  private let onError: ErrorPolicy

  init(
    reader: SampleReader, queue: LoaderQueue, manifest: FaceManifest, mode: BatchLoader.Mode,
    seed: UInt64, onError: ErrorPolicy
  ) {
    self.reader = reader
    self.queue = queue
    self.manifest = manifest
    self.mode = mode
    self.seed = seed
    self.onError = onError
  }

  func run() {
    while let claim = queue.claim() { queue.finish(claim, work(on: claim)) }
    queue.workerEnded()
  }

  private func work(on claim: LoaderClaim) -> LoaderResult {
    var result = LoaderResult()
    if claim.place == 0 {
      reader.prepare(claim.request.order.upcoming(after: claim.request.positions))
    }
    let position = claim.request.positions.lowerBound + claim.place
    let isPadding =
      position >= claim.request.positions.upperBound
      || claim.request.order.sample(at: position) == MicroBatchRequest.padding
    let isRead = !isPadding && read(claim, position, &result)
    if !isRead {
      claim.image.initializeMemory(as: UInt8.self, repeating: 0, count: reader.sampleBytes)
    }
    return result
  }

  /// Reads the sample at `position`, or the first substitute that can be read.
  private func read(_ claim: LoaderClaim, _ position: Int, _ result: inout LoaderResult) -> Bool {
    if read(claim, at: position, &result) { return true }
    guard claim.request.substitutes, case .skip(let limit) = onError else { return false }
    for substitute in claim.request.substitutePositions(for: position) {
      // One failure more than the limit ends the run whatever follows.
      if result.problems.count > limit { return false }
      let sample = claim.request.order.sample(at: substitute)
      if result.problems.contains(where: { $0.sample == sample }) { continue }
      if read(claim, at: substitute, &result) { return true }
    }
    result.lacksSubstitute = true
    return false
  }

  private func read(
    _ claim: LoaderClaim, at position: Int, _ result: inout LoaderResult
  ) -> Bool {
    let order = claim.request.order
    let sample = order.sample(at: position)
    do {
      switch mode {
      case .training:
        let key = SampleKey(
          seed: seed, epoch: order.epoch, sample: sample, draw: order.draw(at: position))
        try reader.readForTraining(key, into: claim.image)
      case .evaluation: try reader.readForEvaluation(sample, into: claim.image)
      }
    } catch {
      result.problems.append(error)
      return false
    }
    result.sample = sample
    result.label = Int32(manifest.records.expression(at: Int(sample))?.rawValue ?? 0)
    result.weight = 1
    return true
  }
}
