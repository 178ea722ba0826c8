/// Nodes on which jobs end before the launcher has said a word: a file system is not mounted there, a module is
/// missing. Such a node is free again at once, and would be given one job after the other.
///
/// Which is at fault, node or script, is known only once another job has come so far.
struct NodeSuspicion {
  /// What was last said of runs before they were handed in.
  private var before: [String: String] = [:]
  /// The runs whose jobs have said nothing, by their nodes in the scheduler's words.
  private var silent: [String: Set<String>] = [:]
  private var hasOneSpoken = false
  private let lastLine: (_ run: String) -> String?

  /// - Parameter lastLine: what was last said of a run, with its time.
  init(lastLine: @escaping (_ run: String) -> String? = LaunchLog.lastLine(ofRun:)) {
    self.lastLine = lastLine
  }

  /// Takes note of runs that are handed in.
  mutating func expect(_ runs: [String]) {
    for run in runs { before[run] = lastLine(run) }
  }

  /// Takes note of a run whose job is at work, or was.
  ///
  /// - Returns: what was said of it since it was handed in; nil where nothing was.
  @discardableResult
  mutating func hear(_ run: String) -> String? {
    let line = lastLine(run)
    guard let line, line != before[run] else { return nil }
    hasOneSpoken = true
    return line
  }

  /// Takes note of nodes on which a run's job has failed without a word.
  ///
  /// - Returns: whether they are at fault rather than the run: nodes may be so once for each.
  mutating func blame(_ nodes: String, for run: String) -> Bool {
    silent[nodes, default: []].insert(run).inserted && hasOneSpoken
  }

  /// The nodes that runs are not to have: all suspicious ones, or as long as it may be the script's fault those
  /// that they had.
  func suspects(for runs: [String]) -> [String] {
    silent.filter { hasOneSpoken || !$0.value.isDisjoint(with: runs) }.keys.sorted()
  }
}
