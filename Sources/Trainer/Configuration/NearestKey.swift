import Datasets

/// The candidate nearest to a dotted key, judged by the whole key and by its last part (whoever
/// writes `learning_rate` at the top level means `optimizer.learning_rate`).
package func nearestKey(to key: String, among candidates: [String]) -> String? {
  func lastPart(_ key: String) -> String {
    String(key.split(separator: ".").last ?? "")
  }
  func distance(to candidate: String) -> Int {
    min(
      editDistance(key, candidate) * 2,
      editDistance(lastPart(key), lastPart(candidate)) * 2 + 1)
  }
  return candidates.min { distance(to: $0) < distance(to: $1) }
}
