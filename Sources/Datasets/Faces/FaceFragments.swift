/// Faces of one frame after another, linked where their boxes overlap, and which of them belong together.
///
/// A pure function of the boxes and their times.
struct FaceFragments {
  /// One face through consecutive frames.
  struct Fragment {
    var sightings: [FaceTrack.Sighting]
    var area: Double = 0

    var meanArea: Double { area / Double(sightings.count) }
    var times: ClosedRange<Double> { sightings[0].time...sightings[sightings.count - 1].time }

    mutating func append(_ sighting: FaceTrack.Sighting) {
      sightings.append(sighting)
      area += Double(sighting.face.region.area)
    }
  }

  /// Boxes of less overlap are different faces.
  static let minimumOverlap: Float = 0.3
  /// Parts of one track have boxes whose mean areas differ by at most this factor: 2 in length.
  static let maximumAreaRatio = 4.0
  /// A face that was not seen for longer begins a new fragment, in seconds.
  let linkSeconds: Double
  private(set) var fragments: [Fragment] = []
  private var open: [Int] = []

  init(linkSeconds: Double) { self.linkSeconds = linkSeconds }

  /// Links the faces of a frame to those before: pairs of most overlap first.
  mutating func add(_ faces: [TrackedFace], time: Double) {
    open.removeAll { fragments[$0].times.upperBound < time - linkSeconds }
    var pairs: [(overlap: Float, fragment: Int, face: Int)] = []
    for fragment in open {
      guard let last = fragments[fragment].sightings.last else { continue }
      for (face, candidate) in faces.enumerated() {
        let overlap = last.face.region.overlap(with: candidate.region)
        if overlap >= Self.minimumOverlap { pairs.append((overlap, fragment, face)) }
      }
    }
    pairs.sort { ($1.overlap, $0.fragment, $0.face) < ($0.overlap, $1.fragment, $1.face) }
    var continued: Set<Int> = []
    var linked: Set<Int> = []
    for pair in pairs where !continued.contains(pair.fragment) && !linked.contains(pair.face) {
      continued.insert(pair.fragment)
      linked.insert(pair.face)
      fragments[pair.fragment].append(FaceTrack.Sighting(time: time, face: faces[pair.face]))
    }
    for (index, face) in faces.enumerated() where !linked.contains(index) {
      open.append(fragments.count)
      var fragment = Fragment(sightings: [])
      fragment.append(FaceTrack.Sighting(time: time, face: face))
      fragments.append(fragment)
    }
  }

  /// The sightings of the dominant face: the fragment whose boxes sum to the largest area, and every further
  /// one of two sightings or more that is at no time beside it and of like size, largest first.
  ///
  /// That a face which comes back elsewhere is the same cannot be told from boxes: it is assumed.
  func dominant() -> [FaceTrack.Sighting] {
    let order = fragments.indices.sorted { (fragments[$1].area, $0) < (fragments[$0].area, $1) }
    guard let first = order.first.map({ fragments[$0] }) else { return [] }
    var chosen = [first]
    for fragment in order.dropFirst().map({ fragments[$0] }) {
      let ratio = fragment.meanArea / first.meanArea
      let isAlike = ratio <= Self.maximumAreaRatio && ratio >= 1 / Self.maximumAreaRatio
      let isAlone = !chosen.contains { $0.times.overlaps(fragment.times) }
      if fragment.sightings.count > 1 && isAlike && isAlone { chosen.append(fragment) }
    }
    return chosen.flatMap(\.sightings).sorted { $0.time < $1.time }
  }
}
