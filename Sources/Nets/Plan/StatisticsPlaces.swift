/// Where running statistics lie behind one another: first those that batches move, then frozen ones.
struct StatisticsPlaces {
  /// Elements where mean and variance start, by index of the statistics in the graph.
  let offsets: [(mean: Int, variance: Int)]
  /// Elements of those that batches move.
  let trackedCount: Int
  /// Elements of all.
  let count: Int

  init(in graph: Graph) {
    let isFrozen = graph.statistics.indices.map(graph.isFrozen(statistics:))
    let order = isFrozen.indices.filter { !isFrozen[$0] } + isFrozen.indices.filter { isFrozen[$0] }
    var offsets = isFrozen.map { _ in (mean: 0, variance: 0) }
    var cursor = 0
    var trackedCount = 0
    for index in order {
      let room = ParameterStore.aligned(graph.statistics[index].channels)
      offsets[index] = (cursor, cursor + room)
      cursor += 2 * room
      if !isFrozen[index] { trackedCount = cursor }
    }
    self.offsets = offsets
    self.trackedCount = trackedCount
    count = cursor
  }
}
