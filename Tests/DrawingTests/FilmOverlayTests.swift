import Media
import Testing

@testable import Drawing

private struct Size: Sendable, CustomTestStringConvertible {
  let width: Int
  let height: Int
  var testDescription: String { "\(width)x\(height)" }
}

private let sizes = [
  Size(width: 64, height: 64), Size(width: 65, height: 97), Size(width: 160, height: 120),
  Size(width: 200, height: 1000), Size(width: 320, height: 240), Size(width: 481, height: 271),
  Size(width: 640, height: 360), Size(width: 1000, height: 200), Size(width: 1080, height: 1920),
  Size(width: 1920, height: 1080),
]

/// A face in the middle of a frame, on whole pixels.
private func face(_ size: Size) -> FaceRegion {
  FaceRegion(
    x: Float(size.width * 3 / 8), y: Float(size.height * 3 / 8), width: Float(size.width / 4),
    height: Float(size.height / 4))
}

private func copy(_ pixels: PixelBuffer) -> PixelBuffer {
  let copy = PixelBuffer(width: pixels.width, height: pixels.height)
  _ = copy.bytes.update(fromContentsOf: pixels.bytes)
  return copy
}

/// Draws moments one after another, each onto a new frame, and returns the last.
private func drawn(
  _ moments: [DrawnMoment], _ size: Size, classes: [String] = emotions, hasAffect: Bool = true
) throws -> PixelBuffer {
  let overlay = FilmOverlay(classes: classes, hasAffect: hasAffect)
  var pixels = PixelBuffer()
  for moment in moments {
    pixels = frame(size.width, size.height)
    try overlay.draw(moment, on: pixels)
  }
  return pixels
}

@Suite struct FilmOverlayTests {
  private func moments(_ size: Size, count: Int = 40, from first: Int = 0) -> [DrawnMoment] {
    (first..<(first + count)).map {
      DrawnMoment(seconds: Double($0) * 0.04, region: face(size), estimate: estimate($0))
    }
  }

  @Test(arguments: sizes) private func pixelsBesideThePartsAreUnchanged(size: Size) throws {
    let before = frame(size.width, size.height)
    let after = try drawn(moments(size), size)
    let layout = OverlayLayout(
      width: size.width, height: size.height, classes: emotions.count, hasAffect: true)
    let region = face(size)
    let line = OverlayPicture.lineWidth(font: layout.font) / 2 + 2
    let outer = try #require(Box(of: region, in: layout.frame)).inset(by: -line)
    let inner = outer.inset(by: 2 * line)
    // A label of two lines at most: above the box, below its upper edge, or at the frame's.
    let label = Box(
      x: 0, y: max(0, outer.y - 3.2 * layout.font), width: layout.frame.width,
      height: 3.2 * layout.font + 2 * line)
    let parts = [layout.strip, layout.bars, layout.plane].compactMap { $0 }
    let (old, new) = (before.bytes, after.bytes)
    var (unexpected, changed) = (0, 0)
    for index in old.indices where old[index] != new[index] {
      changed += 1
      let pixel = index / 4
      let place = Point(
        Double(pixel % size.width) + 0.5, Double(pixel / size.width) + 0.5)
      let isOnBox = outer.holds(place) && !inner.holds(place)
      let isExpected = isOnBox || label.holds(place) || parts.contains { $0.holds(place) }
      if !isExpected { unexpected += 1 }
    }
    #expect(unexpected == 0)
    #expect(changed > 0)
    #expect(changed < old.count / 2)
  }

  @Test(arguments: sizes) private func theBoxLiesOnTheEdgesInTheColourOfTheClass(size: Size)
    throws
  {
    var moment = DrawnMoment(seconds: 0, region: face(size))
    moment.estimate.probabilities = [0, 0, 1, 0, 0, 0, 0, 0]
    let pixels = try drawn([moment], size)
    let expected = ClassColours(emotions, isOnDark: true)[2].bytes
    let layout = OverlayLayout(
      width: size.width, height: size.height, classes: emotions.count, hasAffect: true)
    let width = Int(OverlayPicture.lineWidth(font: layout.font))
    let region = face(size)
    let (left, top) = (Int(region.x), Int(region.y))
    let (right, bottom) = (left + Int(region.width), top + Int(region.height))
    // Lines of an odd number of pixels share those beside the edge with what is around them.
    let near = width % 2 == 0 ? 1.0 : 0.9
    func isLike(_ found: SIMD3<UInt8>) -> Bool {
      (0..<3).allSatisfy {
        abs(Double(found[$0]) - Double(expected[$0])) <= (near == 1 && width > 1 ? 1 : 140)
      }
    }
    #expect(isLike(colour(pixels, left, (top + bottom) / 2)))
    #expect(isLike(colour(pixels, right - 1, (top + bottom) / 2)))
    #expect(isLike(colour(pixels, (left + right) / 2, bottom - 1)))
    let untouched = frame(size.width, size.height)
    let middle = (x: (left + right) / 2, y: (top + 3 * bottom) / 4)
    #expect(
      colour(pixels, middle.x, middle.y) == colour(untouched, middle.x, middle.y))
  }

  @Test func smallerFramesHaveFewerParts() {
    func parts(_ width: Int, _ height: Int) -> [Bool] {
      let layout = OverlayLayout(width: width, height: height, classes: 8, hasAffect: true)
      return [layout.plane, layout.bars, layout.strip].map { $0 != nil }
    }
    #expect(parts(640, 360) == [true, true, true])
    #expect(parts(480, 270) == [false, true, true])
    #expect(parts(320, 240) == [false, false, true])
    #expect(parts(160, 120) == [false, false, false])
    // What has no place is no part at all.
    let layout = OverlayLayout(width: 1280, height: 720, classes: 0, hasAffect: false)
    #expect(layout.plane == nil && layout.bars == nil && layout.strip == nil)
  }

  @Test(arguments: [64, 97, 180, 240, 260, 270, 341, 360, 480, 720, 2160])
  func partsNeverOverlapOrLeaveTheFrame(height: Int) {
    for width in stride(from: 64, to: 4000, by: 13) {
      for classes in [0, 2, 8, 60] {
        let layout = OverlayLayout(
          width: width, height: height, classes: classes, hasAffect: true)
        let parts = [layout.strip, layout.bars, layout.plane].compactMap { $0 }
        for (index, part) in parts.enumerated() {
          #expect(part.x >= 0 && part.y >= 0)
          #expect(part.right <= layout.frame.right && part.bottom <= layout.frame.bottom)
          for other in parts[(index + 1)...] { #expect(!part.touches(other)) }
        }
      }
    }
  }

  @Test func sameMomentsAreTheSameBytes() throws {
    let size = Size(width: 640, height: 360)
    let first = try drawn(moments(size), size)
    let second = try drawn(moments(size), size)
    let other = try drawn(moments(size, count: 41), size)
    #expect(areSame(first, second))
    #expect(!areSame(first, other))
  }

  @Test func onlyTheLastSecondsAreRemembered() throws {
    let size = Size(width: 640, height: 360)
    let last = moments(size, count: 251, from: 500)
    let all = moments(size, count: 251, from: 249) + last
    let later = try drawn(all, size)
    let fresh = try drawn(last, size)
    #expect(areSame(later, fresh))
    #expect(!areSame(later, try drawn(Array(last.dropFirst(100)), size)))
  }

  @Test func timeThatGoesBackBeginsAnew() throws {
    let size = Size(width: 640, height: 360)
    let first = moments(size, count: 30)
    let again = try drawn(moments(size, count: 30, from: 100) + first, size)
    #expect(areSame(again, try drawn(first, size)))
  }

  @Test func whatIsNotFiniteIsAsIfItWereUnknown() throws {
    let size = Size(width: 640, height: 360)
    var (odd, missing) = (moments(size, count: 20), moments(size, count: 20))
    for index in [5, 6, 19] {
      odd[index].estimate.valence = .nan
      odd[index].estimate.arousal = .infinity
      odd[index].estimate.probabilities[0] = .nan
      missing[index].estimate = EmotionEstimate()
      odd[index].region = FaceRegion(x: .nan, y: 0, width: 10, height: 10)
      missing[index].region = nil
    }
    #expect(areSame(try drawn(odd, size), try drawn(missing, size)))
    odd[19].seconds = .nan
    _ = try drawn(odd, size)
  }

  @Test func facesThatCannotBeSeenAreNone() throws {
    let size = Size(width: 320, height: 240)
    let none = try drawn([DrawnMoment(seconds: 0, estimate: estimate(1))], size)
    let regions = [
      FaceRegion(x: 10, y: 10, width: 0, height: 20),
      FaceRegion(x: 10, y: 10, width: -5, height: 20),
      FaceRegion(x: 400, y: 10, width: 50, height: 20),
      FaceRegion(x: 10, y: -90, width: 50, height: 20),
      FaceRegion(x: 0, y: 0, width: .infinity, height: 20),
    ]
    for region in regions {
      let moment = DrawnMoment(seconds: 0, region: region, estimate: estimate(1))
      #expect(areSame(try drawn([moment], size), none), "\(region)")
    }
    // Something says so, in the middle at the top.
    let untouched = frame(320, 240)
    #expect(colour(none, 160, 12) != colour(untouched, 160, 12))
  }

  @Test func facesBeyondTheEdgesAreDrawnWhereTheyAreSeen() throws {
    let size = Size(width: 320, height: 240)
    let huge = FaceRegion(x: -1e30, y: -1e30, width: 2e30, height: 2e30)
    let moment = DrawnMoment(seconds: 0, region: huge, estimate: estimate(1))
    let pixels = try drawn([moment], size)
    let none = try drawn([DrawnMoment(seconds: 0, estimate: estimate(1))], size)
    #expect(!areSame(pixels, none))
    let partly = FaceRegion(x: -40, y: 100, width: 80, height: 80)
    let half = try drawn([DrawnMoment(seconds: 0, region: partly)], size)
    #expect(colour(half, 39, 150) != colour(frame(320, 240), 39, 150))
  }

  @Test func classesAloneAndAffectAloneAreDrawn() throws {
    let size = Size(width: 640, height: 360)
    var affect = moments(size)
    for index in affect.indices { affect[index].estimate.probabilities = [] }
    let plain = try drawn([DrawnMoment(seconds: 0)], size, classes: [], hasAffect: false)
    let onlyAffect = try drawn(affect, size, classes: [])
    let onlyClasses = try drawn(moments(size), size, hasAffect: false)
    #expect(!areSame(onlyAffect, plain))
    #expect(!areSame(onlyClasses, onlyAffect))
    // No plane at the upper right, where no values are to be expected.
    #expect(colour(onlyClasses, 600, 30) == colour(frame(640, 360), 600, 30))
  }

  @Test func longNamesAndTinyFramesAreNoTrap() throws {
    let names = [String(repeating: "surprise ", count: 200), "", "\u{0}"]
    for size in [Size(width: 1, height: 1), Size(width: 16, height: 400)] + sizes {
      let moment = DrawnMoment(
        seconds: 0, region: face(size),
        estimate: EmotionEstimate(probabilities: [0.9, 0.1, 0], valence: 0.1, arousal: 0.1))
      _ = try drawn([moment], size, classes: names)
    }
    try FilmOverlay(classes: []).draw(DrawnMoment(seconds: 0), on: PixelBuffer())
  }
}

extension Box {
  fileprivate func holds(_ place: Point) -> Bool {
    place.x >= x && place.x <= right && place.y >= y && place.y <= bottom
  }

  fileprivate func touches(_ other: Box) -> Bool {
    x < other.right && other.x < right && y < other.bottom && other.y < bottom
  }
}
