import CAllocationCounter
import TestSupport
import Testing

@testable import Nets

@Suite(.serialized) struct TrainingPlanTests {
  private func plan(
    _ precision: Precision = .f32, slots: Int = 1, seed: UInt64 = 7
  ) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    var network = try ResNet(block: .basic, depths: [1, 1], widths: [16, 32])
      .network(classes: 8, imageSize: 32)
    try network.addClassificationLoss()
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: 4, precision: precision, gradientSlots: slots)
    try plan.parameters.initialize(seed: seed)
    try plan.refreshWeights()
    let arrays = try ClassifierArrays(plan)
    let images = try plan.floats(input: "images")
    for index in images.indices {
      images[index] = Float((index * 2_654_435_761) % 1009) / 504 - 1
    }
    for sample in 0..<4 {
      arrays.labels[sample] = Int32(sample * 2)
      arrays.weights[sample] = 1
    }
    return plan
  }

  @Test(arguments: Precision.computable)
  func aStepAllocatesNothingOfOurs(_ precision: Precision) throws {
    let plan = try plan(precision, slots: 2)
    try plan.run(slot: 0, lossScale: 1)  // the first call of each kernel may set things up
    aver_count_allocations_begin()
    try plan.refreshWeights()
    try plan.run(slot: 0, lossScale: 1)
    try plan.run(slot: 1, lossScale: 1)
    let allocations = aver_count_allocations_end()
    #expect(allocations == 0)
  }

  @Test func theAllocationCounterCounts() {
    aver_count_allocations_begin()
    let array = [Int](repeating: 1, count: Int.random(in: 1000...2000))
    let allocations = aver_count_allocations_end()
    #expect(allocations >= 1)
    #expect(array.count >= 1000)
  }

  @Test(arguments: Precision.computable)
  func everySlotReceivesTheSameBits(_ precision: Precision) throws {
    let plan = try plan(precision, slots: 3)
    for slot in 0..<3 { try plan.run(slot: slot, lossScale: 0.25) }
    let first = plan.slot(0).map(\.bitPattern)
    #expect(first.contains { $0 != 0 })
    #expect(plan.slot(1).map(\.bitPattern) == first)
    #expect(plan.slot(2).map(\.bitPattern) == first)
  }

  @Test func twoPlansOfTheSameSeedAgreeAndOfAnotherDiffer() throws {
    let first = try plan()
    let second = try plan()
    let other = try plan(seed: 8)
    for plan in [first, second, other] { try plan.run(slot: 0, lossScale: 1) }
    #expect(first.slot(0).map(\.bitPattern) == second.slot(0).map(\.bitPattern))
    #expect(first.slot(0).map(\.bitPattern) != other.slot(0).map(\.bitPattern))
  }

  @Test func aSampleOfWeightZeroAddsNothingToLossAndItsLabelIsNotRead() throws {
    let plan = try plan()
    let arrays = try ClassifierArrays(plan)
    func run() throws -> [UInt32] {
      try plan.run(slot: 0)
      return plan.slot(0).map(\.bitPattern)
    }
    arrays.weights[2] = 0
    arrays.labels[2] = -1
    let first = try run()
    arrays.labels[2] = 3
    #expect(try run() == first)
    arrays.weights[2] = 1
    #expect(try run() != first)
    arrays.labels[2] = -1
    #expect(try run() == first)
  }

  @Test func aMicroBatchWithoutWeightHasNoGradientAndNoSupport() throws {
    let plan = try plan()
    try ClassifierArrays(plan).weights.update(repeating: 0)
    try plan.run(slot: 0)
    #expect(plan.slot(0)[plan.slotLayout.gradients].allSatisfy { $0 == 0 })
    let metrics = plan.slotLayout.metrics
    #expect(metrics.map(\.name) == ["loss", "accuracy"])
    #expect(metrics[0].value(in: plan.slot(0)) == 0)
    #expect(metrics[1].value(in: plan.slot(0)).isNaN)
  }

  /// The weights of a global batch have a mean of 1; those of one of its micro-batches need not.
  @Test func aMicroBatchCountsByItsWeights() throws {
    let plan = try plan(slots: 2)
    try plan.run(slot: 0)
    try ClassifierArrays(plan).weights.update(repeating: 0.25)
    try plan.run(slot: 1)
    let gradients = plan.slotLayout.gradients
    #expect(plan.slot(0)[gradients].map { $0 / 4 } == Array(plan.slot(1)[gradients]))
    // So does its part of the loss.
    let loss = plan.slotLayout.metrics[0]
    #expect(loss.value(in: plan.slot(1)) == loss.value(in: plan.slot(0)) / 4)
  }

  @Test func anUnknownNameIsRefusedWithThoseThatThereAre() throws {
    let plan = try plan()
    #expect {
      _ = try plan.floats(input: "labels")
    } throws: { "\($0)".contains("\"labels\"") && "\($0)".contains("images, weights") }
    #expect {
      _ = try plan.output("embedding")
    } throws: { "\($0)".contains("\"embedding\"") && "\($0)".contains("logits") }
  }

  @Test func aGraphWithoutALossIsNotTrained() throws {
    let network = try ModelDescription(name: .resnet18, classes: 8, imageSize: 32).network()
    #expect {
      _ = try TrainingPlan(
        graph: network.graph, microBatch: 2, precision: .f32, gradientSlots: 1)
    } throws: { "\($0)".contains("no loss") }
  }

  @Test func lossScaleScalesGradientsButNotSums() throws {
    let plan = try plan(slots: 2)
    try plan.run(slot: 0, lossScale: 1)
    try plan.run(slot: 1, lossScale: 0.5)
    let gradients = plan.slotLayout.gradients
    // Powers of two scale every rounding alike.
    #expect(plan.slot(0)[gradients].map { $0 * 0.5 } == Array(plan.slot(1)[gradients]))
    let sums = plan.slotLayout.sums
    #expect(Array(plan.slot(0)[sums]) == Array(plan.slot(1)[sums]))
  }

  @Test func activationsAndTheirGradientsShareMemory() throws {
    let plan = try plan()
    #expect(plan.arenaBytes > 0)
    #expect(plan.arenaBytes < plan.unsharedBytes * 3 / 4)
  }

  /// The images enter and the pooled features leave the kernels' layouts; nothing else moves.
  /// (oneDNN 3.x prefers other layouts for other sizes, and moves some activations between them.)
  @Test(.needsAVX512) func onlyTheEndsOfTheNetworkChangeLayouts() throws {
    let plan = try TrainingPlan(
      model: ModelDescription(name: .resnet18, classes: 8, imageSize: 64), microBatch: 2,
      precision: .f32, gradientSlots: 1)
    let isVersion2 = Engine.identity(threads: 1).library.hasPrefix("oneDNN 2.")
    #expect(plan.reorderCount <= (isVersion2 ? 4 : 12))
  }

  @Test func bucketsCoverTheSlotInOrderAndEndWithParameters() throws {
    let plan = try plan()
    for capacity in [1, 4096, 100_000, 1 << 30] {
      let buckets = plan.buckets(capacityBytes: capacity, lastBytes: capacity).ranges
      #expect(buckets.first?.lowerBound == 0)
      #expect(buckets.last?.upperBound == plan.slotLayout.count)
      for (left, right) in zip(buckets, buckets.dropFirst()) {
        #expect(left.upperBound == right.lowerBound)
      }
      let starts = Set(plan.parameters.parameters.map(\.range.lowerBound))
      #expect(buckets.dropFirst().allSatisfy { starts.contains($0.lowerBound) })
      let largest = plan.parameters.parameters.map(\.range.count).max() ?? 0
      #expect(
        buckets.dropLast().allSatisfy { $0.count <= max(capacity / 4, largest + 64) })
    }
    #expect(plan.buckets(capacityBytes: 1, lastBytes: 1).ranges.count > 10)
    #expect(plan.buckets(capacityBytes: 1 << 30, lastBytes: 1 << 30).ranges.count == 1)
  }

  @Test(arguments: Precision.computable)
  func theFirstLayerWithAValueThatIsNotFiniteIsFound(_ precision: Precision) throws {
    let plan = try plan(precision)
    #expect(try plan.firstNonFiniteLayer(draw: .none) == nil)
    let images = try plan.floats(input: "images")
    images[5] = 1e38
    // Its square is too large for a variance, and it may be for a sum.
    let early = try #require(try plan.firstNonFiniteLayer(draw: .none))
    #expect(["conv1", "bn1"].contains(early))
    images[5] = 0
    for name in ["fc.bias", "layer2.0.conv2.weight"] {
      let place = try #require(plan.parameters.parameters.first { $0.name == name }).range
      plan.parameters.values[place.lowerBound] = .nan
      try plan.refreshWeights()
      let layer = try #require(try plan.firstNonFiniteLayer(draw: .none))
      #expect(name.hasPrefix(layer), "\(layer) for \(name)")
    }
  }

  @Test func gradientsCompleteFromTheLastLayerToTheFirst() throws {
    let names = try plan().parameters.parameters.map(\.name)
    #expect(names.first == "fc.weight")
    #expect(names.last == "conv1.weight")
  }

  @Test func anImageTooSmallForTheNetworkIsNamed() throws {
    #expect {
      _ = try TrainingPlan(
        model: ModelDescription(name: .resnet18, classes: 8, imageSize: 0), microBatch: 2,
        precision: .f32, gradientSlots: 1)
    } throws: { error in
      "\(error)".contains("conv1") && "\(error)".contains("larger image")
    }
  }

  @Test func oneValueAChannelCannotBeNormalized() throws {
    #expect {
      _ = try TrainingPlan(
        model: ModelDescription(name: .resnet18, classes: 8, imageSize: 32), microBatch: 1,
        precision: .f32, gradientSlots: 1)
    } throws: { error in
      "\(error)".contains("layer4.0.bn1") && "\(error)".contains("batch.micro")
    }
  }
}
