import Distributed
import Testing

@testable import Trainer

@Suite struct WayOfGradientsTests {
  private func remarks(
    ranks: Int, nodes: Int, groups: Int? = nil, obstacle: GradientMemory.Obstacle? = nil
  ) -> [String] {
    WayOfGradients(
      ranks: ranks, nodes: nodes, microBatches: 24, groups: groups, obstacle: obstacle,
      bytes: 50 << 20
    ).remarks
  }

  @Test func whatIsAsExpectedIsNotRemarkedOn() {
    #expect(remarks(ranks: 8, nodes: 2).isEmpty)
    #expect(remarks(ranks: 4, nodes: 4, obstacle: .noRoom).isEmpty)
  }

  @Test func whoSendsMessagesWithinNodesIsToldWhy() {
    #expect(
      remarks(ranks: 4, nodes: 2, obstacle: .unlikeNodes)[0].contains("start as many on each"))
    #expect(remarks(ranks: 6, nodes: 2, obstacle: .unevenNumber)[0].contains("no power of two"))
    let text = remarks(ranks: 8, nodes: 2, obstacle: .noRoom)[0]
    #expect(text.contains("no room for 50 MiB") && text.contains("--shm-size"))
  }

  /// Only what the batch can be divided into is recommended.
  @Test(arguments: [
    (8, 2, 2, "travel as bfloat16 between 2 groups", nil),
    (8, 1, 2, "within one node that saves nothing", nil),
    (8, 2, 4, "but travel as float32: ranks have sums of several groups", 2),
    (2, 2, 8, "but travel as float32: ranks have sums of several groups", 2),
    (8, 4, 2, "as float32 between the 2 nodes of each", 4),
    (12, 3, 4, "but travel as float32: ranks have sums of several groups", nil),
  ])
  func whatTravelsAsBFloat16IsSaid(
    ranks: Int, nodes: Int, groups: Int, text: String, better: Int?
  ) {
    let advice = better.map { "; a new run with communication.groups=\($0) sends less" } ?? ""
    let remarks = remarks(ranks: ranks, nodes: nodes, groups: groups)
    #expect(remarks.count == 1 && remarks[0].hasSuffix(text + advice), "\(remarks)")
  }
}
