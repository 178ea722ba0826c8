/// The number of insertions, deletions, substitutions and swaps of neighbours between two words: how
/// likely one is a slip for the other.
///
/// - Source: optimal string alignment, R. A. Wagner and M. J. Fischer, 1974, with the
///   transposition of F. J. Damerau, 1964.
public func editDistance(_ left: String, _ right: String) -> Int {
  let left = Array(left)
  let right = Array(right)
  var twoBack: [Int] = []
  var previous = Array(0...right.count)
  for row in left.indices {
    var current = [row + 1]
    for column in right.indices {
      let substitution = previous[column] + (left[row] == right[column] ? 0 : 1)
      var best = min(previous[column + 1] + 1, current[column] + 1, substitution)
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        best = min(best, twoBack[column - 1] + 1)
      }
      current.append(best)
    }
    twoBack = previous
    previous = current
  }
  return previous[right.count]
}
