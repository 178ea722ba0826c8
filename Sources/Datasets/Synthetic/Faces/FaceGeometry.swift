/// Where the parts of a face lie, in the face's own coordinates: what is painted and what the
/// landmarks say both come from here.
struct FaceGeometry {
  var halfWidth: Float
  var jaw: Float
  /// Openings between the lids, left and right in the picture.
  var eyes: [Lens]
  /// Brows, left and right in the picture.
  var brows: [Brow]
  /// The outer edge of the lips.
  var lips: Lens
  /// The opening between them.
  var mouth: Lens
  var noseTop: SIMD2<Float>
  var noseTip: SIMD2<Float>
  var noseWidth: Float

  /// Three points from the inner to the outer end, and half the thickness.
  struct Brow {
    var inner: SIMD2<Float>
    var middle: SIMD2<Float>
    var outer: SIMD2<Float>
    var halfThickness: Float
  }

  init(_ person: FaceIdentity, _ pose: FacePose) {
    halfWidth = person.halfWidth
    jaw = person.jaw
    eyes = [-1, 1].map { Self.eye(person, pose, side: $0) }
    brows = [-1, 1].map { Self.brow(person, pose, side: $0) }
    (lips, mouth) = Self.mouths(person, pose)
    noseTop = SIMD2(0, person.eyeHeight + 0.03)
    noseTip = SIMD2(0, person.eyeHeight + person.noseLength - 0.035 * pose.wrinkle)
    noseWidth = person.noseWidth * (1 + 0.16 * pose.wrinkle + 0.06 * max(0, pose.smile))
  }

  /// Half the width of the face at a height: an ellipse whose lower half a jaw makes fuller.
  @inline(__always)
  func outline(at y: Float) -> Float {
    let within = max(0, 1 - y * y)
    let round = within.squareRoot()
    guard y > 0 else { return halfWidth * round }
    let full = within.squareRoot().squareRoot()
    let part = 0.18 + 0.55 * jaw
    return halfWidth * (round * (1 - part) + full * part * (1 - 0.12 * y))
  }

  private static func eye(_ person: FaceIdentity, _ pose: FacePose, side: Float) -> Lens {
    let size = person.eyeSize
    let rise = size * max(0.07, 0.52 * (1 + 0.75 * pose.wide) - 0.1 * pose.squint)
    let fall = size * max(0.04, 0.34 * (1 + 0.25 * pose.wide) - 0.28 * pose.squint)
    // Outer corners hang when the brows' inner ends are up: the eyes of sorrow.
    let hang = size * 0.14 * max(0, pose.innerBrow - pose.outerBrow)
    return Lens(
      centre: SIMD2(side * person.eyeDistance, person.eyeHeight), halfWidth: size,
      rise: rise, fall: fall,
      leftDrop: side < 0 ? hang : 0, rightDrop: side > 0 ? hang : 0)
  }

  private static func brow(_ person: FaceIdentity, _ pose: FacePose, side: Float) -> Brow {
    let base = person.eyeHeight - 0.205
    let height = { (raise: Float) in base - 0.125 * raise - 0.02 * max(0, pose.wide) }
    // The brow above the raised corner of a smirk goes up with it.
    let own = pose.outerBrow + 0.35 * max(0, side * pose.smirk)
    let middle = 0.42 * pose.innerBrow + 0.58 * own
    let inward = 0.062 * pose.knit
    return Brow(
      inner: SIMD2(side * (person.eyeDistance - 0.17 - inward), height(pose.innerBrow)),
      middle: SIMD2(side * (person.eyeDistance - inward * 0.5), height(middle) - 0.035),
      outer: SIMD2(side * (person.eyeDistance + 0.19), height(own) + 0.03),
      halfThickness: person.browThickness)
  }

  private static func mouths(_ person: FaceIdentity, _ pose: FacePose) -> (Lens, Lens) {
    let halfWidth = person.mouthWidth * (1 + 0.30 * pose.stretch + 0.22 * max(0, pose.smile))
    let opening = 0.26 * pose.open + 0.05 * pose.teeth
    let corner = -0.12 * pose.smile
    // Closed, it is a curve: both arcs bend alike, whichever way.
    var mouth = Lens(
      centre: SIMD2(0, person.mouthHeight + 0.07 * pose.open), halfWidth: halfWidth,
      rise: corner + 0.35 * opening + 0.055 * pose.sneer, fall: -corner + 0.75 * opening,
      leftDrop: corner, rightDrop: corner)
    mouth.leftDrop -= 0.13 * max(0, -pose.smirk)
    mouth.rightDrop -= 0.13 * max(0, pose.smirk)
    let thickness = person.lipThickness * (1 - 0.72 * min(1, pose.press))
    var lips = mouth.grown(by: thickness)
    lips.fall += 0.3 * thickness
    return (lips, mouth)
  }
}
