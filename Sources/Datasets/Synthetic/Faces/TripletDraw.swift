import CounterRandom

/// Draws triplets among faces, and how annotators judge them.
struct TripletDraw: Sendable {
  /// A triplet with its judgements.
  struct Judged {
    /// Places in the list of faces.
    var faces: [Int]
    var type: TripletType
    var votes: [(annotator: String, choice: Int)]
  }

  /// What one of those who judge is like.
  private struct Annotator {
    var name: String
    /// The deviation of the logarithm of a distance as he perceives it.
    var noise: Float
  }

  private static let annotatorCount = 24
  private static let votesOfTriplet = 6

  private let seed: UInt64
  private let faces: [FaceAffect]
  private let facesOfClass: [[Int]]
  private let annotators: [Annotator]

  /// - Parameter faces: what they show; at least three of one class, and three classes.
  init(seed: UInt64, faces: [FaceAffect]) {
    self.seed = seed
    self.faces = faces
    facesOfClass = Expression.allCases.map { expression in
      faces.indices.filter { faces[$0].expression == expression }
    }
    annotators = (0..<Self.annotatorCount).map { number in
      var random = CounterRandom(seed: seed, stream: .annotator, index: number)
      return Annotator(
        name: "A\(padded(number + 1, 2))", noise: random.uniform(in: 0.1...0.4))
    }
  }

  /// The triplet of a number.
  func draw(_ number: Int) -> Judged {
    var random = CounterRandom(seed: seed, stream: .triplet, index: number)
    let type = TripletType.allCases[random.integer(below: TripletType.allCases.count)]
    var drawn = pick(type, from: &random)
    random.shuffle(&drawn)
    let distances = Self.pairs.map {
      faces[drawn[$0.0]].pose.distance(to: faces[drawn[$0.1]].pose)
    }
    var judges = annotators
    random.shuffle(&judges)
    let votes = judges.prefix(Self.votesOfTriplet).map { annotator in
      (annotator.name, Self.choice(distances, noise: annotator.noise, from: &random))
    }
    return Judged(faces: drawn, type: type, votes: votes)
  }

  /// The pairs among three, in the order of the one that each leaves out.
  private static let pairs = [(1, 2), (0, 2), (0, 1)]

  /// The place, from 1, of the face that the most similar pair leaves out.
  private static func choice(
    _ distances: [Float], noise: Float, from random: inout CounterRandom
  ) -> Int {
    var nearest = (place: 0, distance: Float.infinity)
    for (place, distance) in distances.enumerated() {
      // Greater noise where all three are alike: nobody measures differences that are barely seen.
      let perceived = distance * (1 + noise * random.bell()) + 0.25 * noise * random.bell()
      if perceived < nearest.distance { nearest = (place, perceived) }
    }
    return nearest.place + 1
  }

  private func pick(_ type: TripletType, from random: inout CounterRandom) -> [Int] {
    var classes = facesOfClass.filter { !$0.isEmpty }
    random.shuffle(&classes)
    switch type {
    case .oneClass:
      let candidates = classes.first { $0.count >= 3 } ?? Array(faces.indices)
      return distinct(3, of: candidates, from: &random)
    case .twoClasses:
      let place = classes.firstIndex { $0.count >= 2 } ?? 0
      let pair = distinct(2, of: classes.remove(at: place), from: &random)
      return pair + distinct(1, of: classes[0], from: &random)
    case .threeClasses:
      return classes.prefix(3).flatMap { distinct(1, of: $0, from: &random) }
    }
  }

  private func distinct(
    _ count: Int, of candidates: [Int], from random: inout CounterRandom
  ) -> [Int] {
    var chosen: [Int] = []
    while chosen.count < count {
      let candidate = candidates[random.integer(below: candidates.count)]
      if !chosen.contains(candidate) { chosen.append(candidate) }
    }
    return chosen
  }
}

extension FacePose {
  /// How different two expressions look: Euclidean, over movements weighted by how much of the face
  /// they change. Which corner of a smirk is up does not matter.
  func distance(to other: FacePose) -> Float {
    var sum: Float = 0
    for (movement, weight) in Self.visible {
      let difference = abs(self[keyPath: movement]) - abs(other[keyPath: movement])
      let signed = self[keyPath: movement] - other[keyPath: movement]
      let counted = movement == \.smirk ? difference : signed
      sum += weight * counted * counted
    }
    return sum.squareRoot()
  }

  private static let visible: [(WritableKeyPath<FacePose, Float> & Sendable, Float)] = [
    (\.smile, 1.5), (\.open, 1.5), (\.stretch, 0.5), (\.sneer, 0.8), (\.press, 0.4),
    (\.smirk, 1), (\.innerBrow, 0.8), (\.outerBrow, 0.6), (\.knit, 0.4), (\.wide, 1),
    (\.squint, 0.6), (\.wrinkle, 0.5), (\.teeth, 0.6),
  ]
}
