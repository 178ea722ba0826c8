import CounterRandom

/// Points that fill the space evenly, however many are taken: fewer trials than random ones find as much.
///
/// They are shifted by a number for each parameter, which the seed decides, so that other seeds give others.
///
/// - Source: I. M. Sobol, USSR Comput. Math. Math. Phys. 7 (1967); polynomials and first direction numbers of
///   S. Joe and F. Y. Kuo, SIAM J. Sci. Comput. 30 (2008), new-joe-kuo-6.21201.
public struct SobolSampler: Sampler {
  private let space: SearchSpace
  private let directions: [[UInt32]]
  private let shifts: [UInt32]

  /// The most parameters that a space may have.
  public static var mostParameters: Int { table.count + 1 }

  /// A sampler of a space of at most `mostParameters`.
  ///
  /// - Parameter seed: nil for points that are not shifted.
  public init(_ space: SearchSpace, seed: UInt64?) {
    precondition(space.parameters.count <= Self.mostParameters, "too many parameters")
    self.space = space
    directions = space.parameters.indices.map(Self.directions)
    shifts = space.parameters.indices.map { index in
      guard let seed else { return 0 }
      var random = CounterRandom(seed: seed, index: index, purpose: .searchShift)
      return random.next32()
    }
  }

  /// The values of a trial, see `Sampler`.
  public func assignment(forTrial number: Int, after history: [Trial]) -> Assignment? {
    let point = point(number)
    return space.assign { index, parameter in parameter.domain.value(atFraction: point[index]) }
  }

  /// The coordinates of a point, in [0, 1).
  func point(_ number: Int) -> [Double] {
    let number = UInt32(truncatingIfNeeded: number)
    // Gray code: the order in which neighbours differ in one direction.
    let code = number ^ number >> 1
    return zip(directions, shifts).map { directions, shift in
      let bits = (0..<32).reduce(shift) { code >> $1 & 1 == 1 ? $0 ^ directions[$1] : $0 }
      return Double(bits) * 0x1p-32
    }
  }

  /// The direction numbers of a dimension, as fractions of 2³².
  private static func directions(_ dimension: Int) -> [UInt32] {
    guard dimension > 0 else { return (0..<32).map { 1 << (31 - $0) } }
    let (polynomial, first) = table[dimension - 1]
    let degree = first.count
    var numbers = first.enumerated().map { $0.element << (31 - UInt32($0.offset)) }
    for index in degree..<32 {
      var number = numbers[index - degree] ^ numbers[index - degree] >> UInt32(degree)
      // The coefficients between the first and the last, which are 1.
      for term in 1..<max(1, degree) where polynomial >> UInt32(degree - term) & 1 == 1 {
        number ^= numbers[index - term]
      }
      numbers.append(number)
    }
    return numbers
  }

  /// Of each dimension but the first, a primitive polynomial as its bits, and the first direction numbers.
  private static let table: [(polynomial: UInt32, first: [UInt32])] = [
    (3, [1]),
    (7, [1, 3]),
    (11, [1, 3, 1]),
    (13, [1, 1, 1]),
    (19, [1, 1, 3, 3]),
    (25, [1, 3, 5, 13]),
    (37, [1, 1, 5, 5, 17]),
    (41, [1, 1, 5, 5, 5]),
    (47, [1, 1, 7, 11, 19]),
    (55, [1, 1, 5, 1, 1]),
    (59, [1, 1, 1, 3, 11]),
    (61, [1, 3, 5, 5, 31]),
    (67, [1, 3, 3, 9, 7, 49]),
    (91, [1, 1, 1, 15, 21, 21]),
    (97, [1, 3, 1, 13, 27, 49]),
    (103, [1, 1, 1, 15, 7, 5]),
    (109, [1, 3, 1, 15, 13, 25]),
    (115, [1, 1, 5, 5, 19, 61]),
    (131, [1, 3, 7, 11, 23, 15, 103]),
    (137, [1, 3, 7, 13, 13, 15, 69]),
    (143, [1, 1, 3, 13, 7, 35, 63]),
    (145, [1, 3, 5, 9, 1, 25, 53]),
    (157, [1, 3, 1, 13, 9, 35, 107]),
    (167, [1, 3, 1, 5, 27, 61, 31]),
    (171, [1, 1, 5, 11, 19, 41, 61]),
    (185, [1, 3, 5, 3, 3, 13, 69]),
    (191, [1, 1, 7, 13, 1, 19, 1]),
    (193, [1, 3, 7, 5, 13, 19, 59]),
    (203, [1, 1, 3, 9, 25, 29, 41]),
    (211, [1, 3, 5, 13, 23, 1, 55]),
    (213, [1, 3, 7, 3, 13, 59, 17]),
    (229, [1, 3, 1, 3, 5, 53, 69]),
    (239, [1, 1, 5, 5, 23, 33, 13]),
    (241, [1, 1, 7, 7, 1, 61, 123]),
    (247, [1, 1, 7, 9, 13, 61, 49]),
    (253, [1, 3, 3, 5, 3, 55, 33]),
    (285, [1, 3, 1, 15, 31, 13, 49, 245]),
    (299, [1, 3, 5, 15, 31, 59, 63, 97]),
    (301, [1, 3, 1, 11, 11, 11, 77, 249]),
  ]
}
