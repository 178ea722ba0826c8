import CounterRandom
import Foundation

/// Paints one face, from the back to the front.
struct FacePainter {
  let canvas: FaceCanvas
  let person: FaceIdentity
  let pose: FacePose
  let geometry: FaceGeometry
  let scene: FaceScene

  private static let dark = SIMD4<Float>(0.07, 0.04, 0.04, 1)
  private static let white = SIMD4<Float>(0.94, 0.93, 0.91, 1)

  func paint(noise random: inout CounterRandom) {
    paintBackground()
    if person.hairStyle == 3 { paintLongHair() }
    paintBody()
    paintHead()
    paintCheeks()
    paintNose()
    for side in 0..<2 { paintEye(geometry.eyes[side]) }
    paintMouth()
    if person.beard > 0 { paintMoustache() }
    for brow in geometry.brows { paintBrow(brow) }
    if person.hairStyle > 0 { paintHairline() }
    if person.glasses { paintGlasses() }
    develop(noise: &random)
  }

  private func paintBackground() {
    let size = Float(canvas.size)
    let (upper, lower) = (scene.background[0], scene.background[1])
    canvas.map { point, _ in
      let part = point.y / size
      return upper * (1 - part) + lower * part
    }
    let picture = FaceFrame(origin: .zero, scale: 1, direction: SIMD2(1, 0))
    for blob in scene.blobs {
      canvas.paint(picture, bounds: blob.place, softness: 4, opacity: 0.6) { _ in
        blob.colour
      } distance: { point in
        Distance.ellipse(
          point, centre: blob.place.centre, radii: SIMD2(repeating: blob.place.radius))
      }
    }
  }

  private func paintBody() {
    let clothes = scene.clothes
    canvas.paint(scene.frame, bounds: Circle(0, 2.1, 1.7)) { _ in
      clothes
    } distance: { point in
      Distance.ellipse(point, centre: SIMD2(0, 2.2), radii: SIMD2(1.6, 0.95))
    }
    let shade = person.skin * SIMD4(0.78, 0.74, 0.72, 1)
    canvas.paint(scene.frame, bounds: Circle(0, 1.0, 0.75)) { _ in
      shade
    } distance: { point in
      Distance.line(point, from: SIMD2(0, 0.6), to: SIMD2(0, 1.25), radius: 0.4)
    }
  }

  private func paintLongHair() {
    let hair = person.hair
    canvas.paint(scene.frame, bounds: Circle(0, 0.1, 1.6)) { point in
      hair * (1 - 0.12 * point.y)
    } distance: { point in
      Distance.ellipse(
        point, centre: SIMD2(0, 0.1), radii: SIMD2(person.halfWidth + 0.2, 1.38))
    }
  }

  private func paintHead() {
    let skin = person.skin
    let ear = person.skin * SIMD4(0.9, 0.84, 0.82, 1)
    for side: Float in [-1, 1] {
      let centre = SIMD2(side * person.halfWidth, Float(0))
      canvas.paint(scene.frame, bounds: Circle(centre.x, centre.y, 0.25)) { _ in
        ear
      } distance: { point in
        Distance.ellipse(point, centre: centre, radii: SIMD2(0.11, 0.2))
      }
    }
    let beard = person.beard
    let hair = person.hair
    canvas.paint(scene.frame, bounds: Circle(0, 0, 1.1)) { point in
      let lit = skin * shade(at: point)
      let grown =
        beard * smooth((point.y - 0.32) / 0.25) * smooth((point.y - 0.45 + abs(point.x)) / 0.3)
      return lit * (1 - 0.75 * grown) + hair * (0.75 * grown)
    } distance: { point in
      let width = geometry.outline(at: point.y)
      return abs(point.y) > 1 ? abs(point.y) - 0.98 : (abs(point.x) - width) * 0.8
    }
  }

  /// How bright skin is at a point of the head, which is taken for an ellipsoid.
  @inline(__always)
  private func shade(at point: SIMD2<Float>) -> Float {
    let across = point.x / (person.halfWidth * 1.1)
    let down = point.y / 1.1
    let out = max(0, 1 - across * across - down * down).squareRoot()
    let facing = across * scene.light.x + down * scene.light.y + out * scene.light.z
    return 1 - scene.lightStrength * 0.62 + scene.lightStrength * facing
  }

  @inline(__always)
  private func smooth(_ value: Float) -> Float {
    let part = min(max(value, 0), 1)
    return part * part * (3 - 2 * part)
  }

  private func paintCheeks() {
    let red = person.skin * SIMD4(0.95, 0.72, 0.70, 1)
    for side: Float in [-1, 1] {
      let centre = SIMD2(side * 0.42, 0.22 - 0.06 * max(0, pose.smile))
      canvas.paint(
        scene.features, bounds: Circle(centre.x, centre.y, 0.3), softness: 0.22 * scene.frame.scale,
        opacity: 0.22 + 0.18 * max(0, pose.smile)
      ) { _ in
        red
      } distance: { point in
        Distance.ellipse(point, centre: centre, radii: SIMD2(0.17, 0.13))
      }
    }
    paintFolds()
  }

  /// The folds from nose to mouth, and the wrinkles beside the root of the nose and between the brows.
  private func paintFolds() {
    for side: Float in [-1, 1] {
      let corner = geometry.mouth.corner(left: side < 0)
      let depth = max(0, pose.smile) * 0.75 + pose.sneer * 0.85 + abs(pose.smirk) * 0.25
      crease(
        from: SIMD2(side * (geometry.noseWidth + 0.03), geometry.noseTip.y - 0.05),
        to: SIMD2(corner.x + side * 0.08, corner.y - 0.04), depth: depth * 0.6)
      crease(
        from: SIMD2(side * 0.03, geometry.noseTop.y - 0.01),
        to: SIMD2(side * 0.085, geometry.noseTop.y + 0.09), depth: pose.wrinkle * 0.75)
      crease(
        from: SIMD2(side * 0.045, geometry.brows[0].inner.y - 0.06),
        to: SIMD2(side * 0.04, geometry.brows[0].inner.y + 0.07), depth: pose.knit * 0.65)
    }
  }

  private func crease(from start: SIMD2<Float>, to end: SIMD2<Float>, depth: Float) {
    guard depth > 0.02 else { return }
    let dark = person.skin * SIMD4(0.55, 0.48, 0.45, 1)
    let middle = (start + end) * 0.5
    canvas.paint(
      scene.features, bounds: Circle(middle.x, middle.y, 0.35), softness: 1.6,
      opacity: min(depth, 0.8)
    ) { _ in
      dark
    } distance: { point in
      Distance.line(point, from: start, to: end, radius: 0.011)
    }
  }

  private func paintNose() {
    let shadow = person.skin * SIMD4(0.72, 0.62, 0.58, 1)
    let side: Float = scene.light.x > 0 ? -1 : 1
    let tip = geometry.noseTip
    let width = geometry.noseWidth
    canvas.paint(
      scene.features, bounds: Circle(0, tip.y - 0.15, 0.35), softness: 2.5, opacity: 0.45
    ) { _ in
      shadow
    } distance: { point in
      Distance.line(
        point, from: SIMD2(side * 0.045, geometry.noseTop.y),
        to: SIMD2(side * width * 0.8, tip.y - 0.03), radius: 0.016)
    }
    for nostril: Float in [-1, 1] {
      let centre = SIMD2(nostril * width * 0.55, tip.y)
      canvas.paint(scene.features, bounds: Circle(centre.x, centre.y, 0.1), opacity: 0.75) { _ in
        Self.dark + shadow * 0.25
      } distance: { point in
        Distance.ellipse(point, centre: centre, radii: SIMD2(width * 0.28, 0.022))
      }
    }
  }

  private func paintEye(_ eye: Lens) {
    let lid = person.skin * SIMD4(0.70, 0.60, 0.57, 1)
    canvas.paint(scene.features, bounds: eye.bounds, opacity: 0.85) { _ in
      lid
    } distance: { point in
      Distance.lens(point, eye.grown(by: 0.022))
    }
    let centre = SIMD2(eye.centre.x, eye.centre.y - 0.01)
    let radius = person.eyeSize * 0.47
    canvas.paint(scene.features, bounds: eye.bounds) { point in
      let offset = point - centre
      let reach = (offset * offset).sum().squareRoot() / radius
      if reach < 0.45 { return Self.dark }
      return reach < 1 ? person.iris : Self.white * 0.97
    } distance: { point in
      Distance.lens(point, eye)
    }
    let glint = centre + SIMD2(-0.3, -0.3) * radius
    if eye.rise > person.eyeSize * 0.2 {
      canvas.paint(scene.features, bounds: Circle(glint.x, glint.y, 0.04)) { _ in
        Self.white
      } distance: { point in
        Distance.ellipse(point, centre: glint, radii: SIMD2(repeating: radius * 0.2))
      }
    }
  }

  private func paintMouth() {
    canvas.paint(scene.features, bounds: geometry.lips.bounds, opacity: 0.9) { point in
      person.lips * (point.y < geometry.mouth.centre.y ? 0.9 : 1)
    } distance: { point in
      Distance.lens(point, geometry.lips)
    }
    let mouth = geometry.mouth.grown(by: 0.009)
    let shown = min(1, max(0, pose.teeth))
    let opening = max(0.001, mouth.rise + mouth.fall)
    canvas.paint(scene.features, bounds: mouth.bounds) { point in
      let across = (point.x - mouth.centre.x) / mouth.halfWidth
      let depth = (point.y - mouth.top(across)) / opening
      let upper = smooth((0.34 + 0.4 * shown - depth) * 8)
      let teeth = opening > 0.04 ? upper * max(0.35, shown) : 0
      let tongue = smooth((depth - 0.62) * 5) * (pose.open > 0.35 ? 0.8 : 0)
      let inside = Self.dark * (1 - tongue) + SIMD4(0.62, 0.27, 0.27, 1) * tongue
      return inside * (1 - teeth) + Self.white * teeth
    } distance: { point in
      Distance.lens(point, mouth)
    }
  }

  private func paintMoustache() {
    let hair = person.hair
    let lips = geometry.lips
    canvas.paint(
      scene.features, bounds: Circle(0, lips.centre.y - 0.1, 0.4), softness: 2,
      opacity: 0.7 * person.beard
    ) { _ in
      hair
    } distance: { point in
      let y = lips.top(min(1, abs(point.x) / lips.halfWidth)) - 0.045
      return Distance.line(
        point, from: SIMD2(-0.2, y), to: SIMD2(0.2, y), radius: 0.035)
    }
  }

  private func paintBrow(_ brow: FaceGeometry.Brow) {
    let colour = person.hair * 0.75 + Self.dark * 0.25
    canvas.paint(
      scene.features, bounds: Circle(brow.middle.x, brow.middle.y, 0.42), softness: 1.4,
      opacity: 0.92
    ) { _ in
      colour
    } distance: { point in
      min(
        Distance.line(point, from: brow.inner, to: brow.middle, radius: brow.halfThickness),
        Distance.line(point, from: brow.middle, to: brow.outer, radius: brow.halfThickness * 0.7))
    }
  }

  private func paintHairline() {
    let hair = person.hair
    let height: Float = person.hairStyle == 2 ? -0.42 : -0.60
    let width = person.halfWidth
    canvas.paint(scene.frame, bounds: Circle(0, -0.5, 1.15)) { point in
      hair * (0.85 + 0.3 * shade(at: point) - 0.1)
    } distance: { point in
      let cap = Distance.ellipse(
        point, centre: SIMD2(0, -0.28), radii: SIMD2(width + 0.09, 0.84))
      let forehead = height + 0.55 * (point.x / width) * (point.x / width)
      return max(cap, point.y - forehead)
    }
  }

  private func paintGlasses() {
    for eye in geometry.eyes {
      canvas.paint(scene.features, bounds: Circle(eye.centre.x, eye.centre.y, 0.35)) { _ in
        Self.dark
      } distance: { point in
        let rim = Distance.ellipse(
          point, centre: eye.centre + SIMD2(0, 0.02), radii: SIMD2(0.235, 0.19))
        return abs(rim) - 0.016
      }
    }
    canvas.paint(scene.features, bounds: Circle(0, person.eyeHeight, 0.2)) { _ in
      Self.dark
    } distance: { point in
      Distance.line(
        point, from: SIMD2(-0.09, person.eyeHeight), to: SIMD2(0.09, person.eyeHeight),
        radius: 0.014)
    }
  }

  /// Exposure and the sensor's noise.
  private func develop(noise random: inout CounterRandom) {
    canvas.map { _, colour in
      let bits = random.next32()
      // The sum of four bytes is nearly normal, of deviation 148.
      let sum = (bits & 0xFF) + (bits >> 8 & 0xFF) + (bits >> 16 & 0xFF) + bits >> 24
      let lit = colour * scene.exposure
      let toned = scene.gamma == 1 ? lit : tone(lit)
      return toned + scene.noise * (Float(sum) - 510) / 148
    }
  }

  @inline(__always)
  private func tone(_ colour: SIMD4<Float>) -> SIMD4<Float> {
    SIMD4(
      powf(max(colour.x, 0), scene.gamma), powf(max(colour.y, 0), scene.gamma),
      powf(max(colour.z, 0), scene.gamma), 1)
  }
}
