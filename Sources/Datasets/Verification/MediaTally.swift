import Media

/// Counts media and their sizes while they are inspected; memory grows with the number of different
/// sizes only.
struct MediaTally {
  private var report: MediaReport
  private var countOfSize: [SIMD2<Int>: Int] = [:]
  private var seconds = ValueRange()

  init(isDecoded: Bool) { report = MediaReport(isDecoded: isDecoded) }

  mutating func add(_ facts: MediaFacts?) {
    report.usable += 1
    if let size = facts?.size { countOfSize[SIMD2(size.width, size.height), default: 0] += 1 }
    if let length = facts?.seconds { seconds.add(Float(length)) }
  }

  mutating func addUnusable() { report.unusable += 1 }

  /// The counts; nil where there was nothing.
  var finished: MediaReport? {
    guard report.usable + report.unusable > 0 else { return nil }
    var report = report
    report.seconds = seconds.count > 0 ? seconds : nil
    report.sizes = sizes
    return report
  }

  private var sizes: SizeRange? {
    let order = countOfSize.keys.sorted { ($0.x * $0.y, $0.x) < ($1.x * $1.y, $1.x) }
    guard let smallest = order.first, let largest = order.last else { return nil }
    let middle = countOfSize.values.reduce(0, +) / 2
    var passed = 0
    let median = order.first { size in
      passed += countOfSize[size, default: 0]
      return passed > middle
    }
    func text(_ size: SIMD2<Int>) -> String { "\(size.x)x\(size.y)" }
    return SizeRange(
      smallest: text(smallest), median: text(median ?? largest), largest: text(largest))
  }
}
