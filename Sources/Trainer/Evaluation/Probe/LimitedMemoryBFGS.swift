/// Finds the least value of a smooth convex function, in double precision.
///
/// - Source: J. Nocedal and S. Wright, "Numerical optimization", 2006, algorithms 7.4 and 7.5; the step
///   satisfies the weak Wolfe conditions by bisection (A. Lewis and M. Overton, 2013).
struct LimitedMemoryBFGS {
  /// Pairs of steps and changes of the gradient that are remembered.
  var memory = 10
  /// The largest element of a gradient that ends the search.
  var tolerance: Double
  /// Steps at most.
  var mostSteps = 1000

  /// Armijo's and Wolfe's constants.
  private static let (decrease, curvature) = (1e-4, 0.9)
  /// Halvings and doublings of one step before it is as good as it gets.
  private static let mostTrials = 40

  private typealias Pair = (step: [Double], change: [Double], scale: Double)

  /// A point with the function's value and gradient there.
  struct Point {
    var place: [Double]
    var value: Double
    var gradient: [Double]
  }

  /// Goes downhill from `start`.
  ///
  /// - Parameter function: writes the gradient at a place and returns the value.
  /// - Returns: the lowest point found.
  func minimum(
    from start: [Double], _ function: (_ place: [Double], _ gradient: inout [Double]) -> Double
  ) -> Point {
    var point = Point(
      place: start, value: 0, gradient: [Double](repeating: 0, count: start.count))
    point.value = function(start, &point.gradient)
    var pairs: [Pair] = []
    for _ in 0..<mostSteps where point.gradient.contains(where: { abs($0) > tolerance }) {
      let direction = direction(at: point, pairs)
      let first = pairs.isEmpty ? 1 / max(1, dot(point.gradient, point.gradient).squareRoot()) : 1
      guard let next = step(from: point, along: direction, first: first, function) else { break }
      remember(from: point, to: next, in: &pairs)
      point = next
    }
    return point
  }

  /// −H·g by the two-loop recursion.
  private func direction(at point: Point, _ pairs: [Pair]) -> [Double] {
    var direction = point.gradient.map { -$0 }
    var factors: [Double] = []
    for pair in pairs.reversed() {
      let factor = pair.scale * dot(pair.step, direction)
      factors.append(factor)
      add(-factor, pair.change, to: &direction)
    }
    if let last = pairs.last {
      let scale = 1 / (last.scale * dot(last.change, last.change))
      for index in direction.indices { direction[index] *= scale }
    }
    for (pair, factor) in zip(pairs, factors.reversed()) {
      add(factor - pair.scale * dot(pair.change, direction), pair.step, to: &direction)
    }
    return direction
  }

  /// The next point; nil where no step goes further down.
  private func step(
    from point: Point, along direction: [Double], first: Double,
    _ function: ([Double], inout [Double]) -> Double
  ) -> Point? {
    let slope = dot(point.gradient, direction)
    guard slope < 0 else { return nil }
    var (length, low, high) = (first, 0.0, Double.infinity)
    var next = point
    for _ in 0..<Self.mostTrials {
      next.place = point.place
      add(length, direction, to: &next.place)
      next.value = function(next.place, &next.gradient)
      if !(next.value <= point.value + Self.decrease * length * slope) {
        high = length
      } else if dot(next.gradient, direction) < Self.curvature * slope {
        low = length
      } else {
        return next
      }
      length = high.isFinite ? (low + high) / 2 : 2 * low
    }
    return next.value < point.value ? next : nil
  }

  private func remember(from point: Point, to next: Point, in pairs: inout [Pair]) {
    let step = zip(next.place, point.place).map { $0 - $1 }
    let change = zip(next.gradient, point.gradient).map { $0 - $1 }
    let product = dot(step, change)
    guard product > 0 else { return }
    pairs.append((step, change, 1 / product))
    if pairs.count > memory { pairs.removeFirst() }
  }

  private func dot(_ left: [Double], _ right: [Double]) -> Double {
    var sum = 0.0
    for index in left.indices { sum += left[index] * right[index] }
    return sum
  }

  private func add(_ factor: Double, _ addend: [Double], to sum: inout [Double]) {
    for index in sum.indices { sum[index] += factor * addend[index] }
  }
}
