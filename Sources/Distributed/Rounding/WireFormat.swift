/// What gradients travel as; the configuration's `communication.wire`.
public enum WireFormat: String, CaseIterable, Codable, Sendable {
  /// As they are.
  case float32
  /// Half as long: what rounding leaves out is added to the next step's.
  case bfloat16
}

/// How gradients are rounded on their way: what the trained weights depend on.
///
/// The micro-batches of a global batch are so many groups, consecutive subtrees of the fixed tree. The sum of each is
/// rounded to bfloat16, the rounded ones are summed in float32 by the rest of the tree, and that sum is rounded again,
/// each with error feedback. So the bits are the same whichever ranks have the groups.
public struct GradientRounding: Equatable, Sendable {
  /// Groups of micro-batches: a power of two that divides their number.
  public var groups: Int
  /// How many elements from the first on are rounded; those behind them never are.
  public var count: Int

  /// A rounding from its parts.
  public init(groups: Int, count: Int) {
    precondition(groups.nonzeroBitCount == 1 && count >= 0, "groups are a power of two")
    (self.groups, self.count) = (groups, count)
  }
}
