import Foundation

/// One micro-batch of the queue.
///
/// Who writes what: a worker the image of the sample it claimed, without the lock; everything else
/// under the queue's lock while the slot is in work, and the consumer alone once it is ready.
final class LoaderSlot {
  let images: UnsafeMutableRawBufferPointer
  var batch: MicroBatch
  var request = MicroBatchRequest(epoch: 0, sampleIndices: [])
  /// In the order of the samples' places once the slot is ready.
  var failures: [SampleProblem] = []
  var lacksSubstitute = false
  /// The next place of the micro-batch that no worker has claimed.
  var unclaimed = 0
  /// Places that are not done.
  var remaining = 0
  fileprivate var failurePlaces: [Int] = []

  init(microBatch: Int, sampleBytes: Int) {
    // Whole cache lines: vector loads and stores then cross none.
    images = .allocate(byteCount: microBatch * sampleBytes, alignment: 64)
    images.initializeMemory(as: UInt8.self, repeating: 0)
    batch = MicroBatch(capacity: microBatch)
  }

  deinit { images.deallocate() }

  fileprivate func begin(_ request: MicroBatchRequest, microBatch: Int) {
    self.request = request
    batch.epoch = request.epoch
    batch.skipped = 0
    failures.removeAll(keepingCapacity: true)
    failurePlaces.removeAll(keepingCapacity: true)
    lacksSubstitute = false
    unclaimed = 0
    remaining = microBatch
  }

  /// Puts failures at their place, so that the order does not depend on who was faster.
  fileprivate func insert(_ problems: [SampleProblem], place: Int) {
    let index = failurePlaces.firstIndex { $0 > place } ?? failurePlaces.count
    failures.insert(contentsOf: problems, at: index)
    failurePlaces.insert(contentsOf: problems.map { _ in place }, at: index)
    batch.skipped += problems.count
  }
}

/// A place of a micro-batch that a worker has taken on.
struct LoaderClaim {
  let slot: LoaderSlot
  let place: Int
  let request: MicroBatchRequest
  let image: UnsafeMutableRawPointer
}

/// What a worker made of a claim.
struct LoaderResult {
  var sample = MicroBatchRequest.padding
  var label: Int32 = 0
  var weight: Float = 0
  var problems: [SampleProblem] = []
  var lacksSubstitute = false
}

/// A ring of micro-batches between the workers and the consumer.
///
/// Sendable because every access to its state holds `lock`.
final class LoaderQueue: @unchecked Sendable {
  private let lock = NSCondition()
  private let requests: AnyIterator<MicroBatchRequest>
  private let microBatch: Int
  private let sampleBytes: Int
  private let slots: [LoaderSlot]
  /// Micro-batches delivered, begun and whether there are more to begin.
  private var delivered = 0
  private var begun = 0
  private var isExhausted = false
  private var isStopped = false
  private var liveWorkers: Int

  init(
    requests: AnyIterator<MicroBatchRequest>, microBatch: Int, sampleBytes: Int, depth: Int,
    workers: Int
  ) {
    self.requests = requests
    self.microBatch = microBatch
    self.sampleBytes = sampleBytes
    slots = (0..<depth).map { _ in LoaderSlot(microBatch: microBatch, sampleBytes: sampleBytes) }
    liveWorkers = workers
  }

  /// The next place to work on, waiting for room in the ring; nil when there is nothing left to do.
  func claim() -> LoaderClaim? {
    lock.lock()
    defer { lock.unlock() }
    while !isStopped {
      if begun > delivered, let claim = claimPlace(of: slots[(begun - 1) % slots.count]) {
        return claim
      }
      if isExhausted { return nil }
      if begun - delivered < slots.count { beginNext() } else { lock.wait() }
    }
    return nil
  }

  /// Takes over what a worker made of its claim.
  func finish(_ claim: LoaderClaim, _ result: LoaderResult) {
    lock.lock()
    defer { lock.unlock() }
    let slot = claim.slot
    slot.batch.sampleIndices[claim.place] = result.sample
    slot.batch.labels[claim.place] = result.label
    slot.batch.weights[claim.place] = result.weight
    if !result.problems.isEmpty { slot.insert(result.problems, place: claim.place) }
    if result.lacksSubstitute { slot.lacksSubstitute = true }
    slot.remaining -= 1
    if slot.remaining == 0 { lock.broadcast() }
  }

  /// The next micro-batch in order, waiting until it is ready; nil after the last one.
  func waitForReady() -> LoaderSlot? {
    lock.lock()
    defer { lock.unlock() }
    while true {
      let slot = slots[delivered % slots.count]
      if begun > delivered && slot.remaining == 0 { return slot }
      if isStopped || (isExhausted && begun == delivered) { return nil }
      lock.wait()
    }
  }

  /// Gives the slot that was delivered last back to the workers.
  func recycle() {
    lock.lock()
    delivered += 1
    lock.broadcast()
    lock.unlock()
  }

  /// Ends the workers and waits until they have ended: no longer than one image takes.
  func stop() {
    lock.lock()
    isStopped = true
    lock.broadcast()
    while liveWorkers > 0 { lock.wait() }
    lock.unlock()
  }

  /// A worker's last word.
  func workerEnded() {
    lock.lock()
    liveWorkers -= 1
    lock.broadcast()
    lock.unlock()
  }

  private func claimPlace(of slot: LoaderSlot) -> LoaderClaim? {
    guard slot.unclaimed < microBatch, let images = slot.images.baseAddress else { return nil }
    defer { slot.unclaimed += 1 }
    return LoaderClaim(
      slot: slot, place: slot.unclaimed, request: slot.request,
      image: images + slot.unclaimed * sampleBytes)
  }

  private func beginNext() {
    guard let request = requests.next() else {
      isExhausted = true
      lock.broadcast()
      return
    }
    precondition(request.positions.count <= microBatch, "a request exceeds the micro-batch")
    slots[begun % slots.count].begin(request, microBatch: microBatch)
    begun += 1
    lock.broadcast()
  }
}
