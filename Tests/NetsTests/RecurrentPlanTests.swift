import CAllocationCounter
import TestSupport
import Testing

@testable import Nets

/// What a compiled plan with a recurrent network promises.
@Suite(.serialized) struct RecurrentPlanTests {
  /// The network with a loss on all its results: inputs `input`, `lengths`, `targets`, `weights`;
  /// output `result`.
  private func graph(_ cell: RecurrentCell) throws -> Graph {
    var graph = Graph()
    let input = graph.input("input", .floats, shape: [6, 19])
    let lengths = graph.input("lengths", .integers, shape: [])
    let result = try graph.recurrent(
      input, lengths: lengths, name: "rnn",
      RecurrentDescription(cell: cell, hidden: 21, layers: 2, isBidirectional: true))
    graph.output("result", result)
    try graph.meanSquaredError(
      result, targets: graph.input("targets", .floats, shape: graph.shape(of: result)),
      weights: graph.input("weights", .floats, shape: [6]), name: "loss")
    return graph
  }

  private func plan(_ cell: RecurrentCell, _ precision: Precision) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    let plan = try TrainingPlan(
      graph: graph(cell), microBatch: 3, precision: precision, gradientSlots: 1)
    try plan.parameters.initialize(seed: 3)
    try plan.refreshWeights()
    for (index, name) in ["input", "targets"].enumerated() {
      let buffer = try plan.floats(input: name)
      for element in buffer.indices {
        buffer[element] = Float((element + index) * 2_654_435_761 % 1009) / 504 - 1
      }
    }
    try plan.floats(input: "weights").update(repeating: 1)
    try setLengths([6, 2, 5], of: plan)
    return plan
  }

  private func setLengths(_ lengths: [Int32], of plan: TrainingPlan) throws {
    _ = try plan.integers(input: "lengths").update(fromContentsOf: lengths)
  }

  /// Every bit that a step produces.
  private func step(_ plan: TrainingPlan) throws -> [UInt32] {
    try plan.run(slot: 0)
    return try plan.output("result").map(\.bitPattern) + plan.slot(0).map(\.bitPattern)
  }

  @Test(arguments: RecurrentCell.allCases, Precision.computable)
  func aStepAllocatesNothingOfOurs(_ cell: RecurrentCell, _ precision: Precision) throws {
    let plan = try plan(cell, precision)
    let inference = try InferencePlan(
      graph: graph(cell), batch: 3, precision: precision, parameters: plan.parameters)
    try plan.run(slot: 0)  // the first call of each kernel may set things up
    try inference.run()
    aver_count_allocations_begin()
    try plan.refreshWeights()
    try plan.run(slot: 0)
    try inference.run()
    let allocations = aver_count_allocations_end()
    #expect(allocations == 0)
  }

  @Test(arguments: RecurrentCell.allCases, Precision.computable)
  func aStepGivesTheSameBitsAgain(_ cell: RecurrentCell, _ precision: Precision) throws {
    let plan = try plan(cell, precision)
    let first = try step(plan)
    // A step of other lengths in between: nothing of it stays behind in shared memory.
    try setLengths([1, 6, 6], of: plan)
    #expect(try step(plan) != first)
    try setLengths([6, 2, 5], of: plan)
    #expect(try step(plan) == first)
    #expect(try step(self.plan(cell, precision)) == first)
  }

  @Test(arguments: RecurrentCell.allCases)
  func aLengthOutsideOfTheFramesCountsAsTheNearestInside(_ cell: RecurrentCell) throws {
    let plan = try plan(cell, .f32)
    try setLengths([6, 0, 6], of: plan)
    let expected = try step(plan)
    try setLengths([.max, .min, 7], of: plan)
    #expect(try step(plan) == expected)
  }

  @Test func aDivergedInputIsSeenInTheGradients() throws {
    let plan = try plan(.gru, .f32)
    try plan.floats(input: "input")[0] = .nan
    try plan.run(slot: 0)
    #expect(try plan.output("result")[0].isNaN)
    let nonFinite = plan.slot(0).filter { !$0.isFinite }
    #expect(!nonFinite.isEmpty)
  }

  @Test func lengthsMustBeIntegersOneASequence() throws {
    for (content, shape) in [(InputContent.floats, []), (.integers, [1])] {
      #expect(
        throws: NetsError.shape(
          layer: "rnn.padding",
          problem: "needs one length, an integer, for each of 2 sequences")
      ) {
        var graph = Graph()
        let input = graph.input("input", .floats, shape: [6, 4])
        let lengths = graph.input("lengths", content, shape: shape)
        _ = try graph.recurrent(
          input, lengths: lengths, name: "rnn", RecurrentDescription(cell: .gru, hidden: 3))
        let store = try ParameterStore(inferenceFor: graph)
        _ = try InferencePlan(graph: graph, batch: 2, precision: .f32, parameters: store)
      }
    }
  }

  @Test func theInputsPaddingMaskNeedsNoGradient() throws {
    var graph = Graph()
    let input = graph.input("input", .floats, shape: [6, 4])
    let lengths = graph.input("lengths", .integers, shape: [])
    let masked = try graph.paddingMask(input, lengths: lengths, name: "padding")
    let learned = try graph.linear(masked, name: "linear", features: 3)
    _ = try graph.paddingMask(learned, lengths: lengths, name: "later")
    #expect(graph.learningOperations() == [false, true, true])
  }
}
