import CVectorKernels
import TestSupport
import Testing

@testable import Distributed

@Suite struct TreeSumKernelTests {
  @Test(arguments: [1, 2, 4, 8, 16])
  func theKernelSumsByTheTreeAndTouchesNothingElse(sources count: Int) {
    let seed = propertySeed("tree sum")
    var generator = SeededGenerator(seed: seed)
    for length in [0, 1, 17, 1024, 1025, 5000] {
      let leaves = (0..<count).map { _ in
        generator.floats(count: length, withNonFinite: length % 2 == 1)
      }
      let first = Int.random(in: 0...length, using: &generator)
      let range = first..<Int.random(in: first...length, using: &generator)
      let sum = treeSum(leaves: leaves)
      // Into the first two sources themselves, as ranks do with each other's.
      for targets in [1, min(2, count)] {
        let results = summed(leaves, range, targets: targets)
        for (index, result) in results.enumerated() {
          let before = bits(leaves[index])
          let expected = before.indices.map {
            range.contains($0) && index < targets ? bits(sum)[$0] : before[$0]
          }
          #expect(bits(result) == expected, "seed \(seed), \(count) sources, \(range) of \(length)")
        }
      }
    }
  }

  private func summed(_ leaves: [[Float]], _ range: Range<Int>, targets: Int) -> [[Float]] {
    let vectors = leaves.map { leaf in
      let vector = UnsafeMutablePointer<Float>.allocate(capacity: max(1, leaf.count))
      vector.initialize(from: leaf, count: leaf.count)
      return vector
    }
    defer { vectors.forEach { $0.deallocate() } }
    let results = vectors.prefix(targets).map(Optional.init)
    let sources = vectors.map { Optional(UnsafePointer($0)) }
    aver_tree_sum_f32(
      results, results.count, sources, sources.count, range.lowerBound, range.count)
    return zip(vectors, leaves).map { Array(UnsafeBufferPointer(start: $0, count: $1.count)) }
  }
}
