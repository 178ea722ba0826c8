/// How gradients are summed over ranks; the configuration's `reduction`.
public enum ReductionAlgorithm: String, CaseIterable, Codable, Sendable {
  /// The fixed tree: the same bits for any number of ranks.
  case exact
  /// The MPI library's own all-reduce.
  case vendor

  /// What a user who chose this has to know; nil where there is nothing to warn of.
  public var caveat: String? {
    switch self {
    case .exact: nil
    case .vendor:
      """
      reduction: vendor sums in the order that the MPI library chooses, so the trained weights \
      may change with the number of ranks, their placement and the library's version; use \
      reduction: exact for reproducible weights
      """
    }
  }
}
