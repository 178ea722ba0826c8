import CVectorKernels
import Glibc

/// What rounding has left out of the gradients so far, and is still owed to the weights: this rank's part of it.
///
/// For each group of micro-batches, and for the sum over them, a vector like that of the gradients. A rank reads and
/// writes the parts that it rounds; pages that it never touches take no memory. Each step writes new vectors, which
/// count once the whole step does (`commit`): one that fails half-way leaves the old ones.
public final class ErrorFeedback {
  /// How gradients are rounded.
  public let rounding: GradientRounding
  /// The groups that this rank has a part in.
  public let ownGroups: Range<Int>

  private let worldSize: Int
  private let groupErrors: [ErrorVector]
  private let ofRoot: ErrorVector
  /// Which of two vectors counts.
  private var turn = 0

  /// - Throws: `DistributedError.noMemory`.
  init(_ rounding: GradientRounding, rank: Int, worldSize: Int) throws {
    (self.rounding, self.worldSize) = (rounding, worldSize)
    let first = rank * rounding.groups / worldSize
    ownGroups = first..<first + max(1, rounding.groups / worldSize)
    groupErrors = try ownGroups.map { _ in try ErrorVector(count: rounding.count) }
    ofRoot = try ErrorVector(count: rounding.count)
  }

  /// What the roundings of one of this rank's groups have left out. Shapes: `[rounding.count]`.
  public func errors(ofGroup group: Int) -> UnsafeMutableBufferPointer<Float> {
    vector(ofGroup: group).values[turn]
  }

  /// What the roundings of the sum over all groups have left out. Shapes: `[rounding.count]`.
  public var rootErrors: UnsafeMutableBufferPointer<Float> { ofRoot.values[turn] }

  /// Lets what the last step has left out count: all of it was summed, and becomes an update.
  public func commit() { turn = 1 - turn }

  /// The rank that has all of a group's once they have been collected.
  public func writer(ofGroup group: Int) -> Int { group * worldSize / rounding.groups }

  /// Rounds some elements of the sum of one of this rank's groups, in place.
  ///
  /// - Parameters:
  ///   - values: `[rounding.count]` or longer.
  ///   - elements: those to round; what lies behind the rounded ones is left as it is.
  public func round(
    group: Int, _ values: UnsafeMutablePointer<Float>, _ elements: Range<Int>
  ) {
    round(values, elements, vector(ofGroup: group))
  }

  /// Rounds some elements of the sum over all groups, in place.
  func roundRoot(_ values: UnsafeMutablePointer<Float>, _ elements: Range<Int>) {
    round(values, elements, ofRoot)
  }

  private func vector(ofGroup group: Int) -> ErrorVector {
    groupErrors[group - ownGroups.lowerBound]
  }

  private func round(
    _ values: UnsafeMutablePointer<Float>, _ elements: Range<Int>, _ vector: ErrorVector
  ) {
    let own = elements.clamped(to: 0..<rounding.count)
    guard !own.isEmpty, let errors = vector.values[turn].baseAddress,
      let left = vector.values[1 - turn].baseAddress
    else { return }
    aver_round_with_feedback_bf16(
      values + own.lowerBound, left + own.lowerBound, errors + own.lowerBound, own.count)
  }
}

/// What counts, and what the step under way leaves out: two vectors of zeros at first, by turns.
private final class ErrorVector {
  private(set) var values: [UnsafeMutableBufferPointer<Float>] = []

  init(count: Int) throws {
    for _ in 0..<2 { values.append(try Self.zeros(count)) }
  }

  deinit {
    for vector in values { free(vector.baseAddress) }
  }

  /// Zeros that take memory once they are touched.
  private static func zeros(_ count: Int) throws -> UnsafeMutableBufferPointer<Float> {
    guard let memory = calloc(max(1, count), MemoryLayout<Float>.stride) else {
      throw DistributedError.noMemory(bytes: count * MemoryLayout<Float>.stride)
    }
    return UnsafeMutableBufferPointer(
      start: memory.assumingMemoryBound(to: Float.self), count: count)
  }
}
