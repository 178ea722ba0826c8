import Media
import Testing

@testable import Datasets

private func face(_ x: Float, side: Float = 10, eyes: Bool = false) -> TrackedFace {
  TrackedFace(
    region: FaceRegion(x: x, y: 0, width: side, height: side),
    eyes: eyes ? EyeCenters(left: SIMD2(x + 2, 4), right: SIMD2(x + 8, 4)) : nil)
}

private func track(
  _ places: [(Double, Float)], gap: Double = 0.5, reach: Double? = nil
) -> FaceTrack {
  FaceTrack(
    sightings: places.map { .init(time: $0.0, face: face($0.1, eyes: true)) },
    maximumGapSeconds: gap, reachSeconds: reach)
}

@Suite struct FaceTrackTests {
  @Test func gapsUpToTheLengthAreBridgedAndLongerOnesAreNot() {
    let track = track([(0, 0), (0.1, 10), (0.6, 60), (1.2, 0)], reach: 0.05)
    #expect(track.face(at: 0.1) == face(10, eyes: true))
    #expect(abs((track.face(at: 0.35)?.region.x ?? 0) - 35) < 1e-4)
    #expect(abs((track.face(at: 0.35)?.eyes?.left.x ?? 0) - 37) < 1e-4)
    #expect(track.face(at: 0.9) == nil)
    #expect(track.face(at: 0.64)?.region.x == 60 && track.face(at: 1.16)?.region.x == 0)
    #expect(track.face(at: -0.04)?.region.x == 0 && track.face(at: -0.06) == nil)
    #expect(track.face(at: 1.24)?.region.x == 0 && track.face(at: 1.26) == nil)
  }

  @Test func coverageCountsEveryFrameOnce() {
    let track = track([(0, 0), (0.1, 1), (0.5, 5), (2, 0)], reach: 0.02)
    let coverage = track.coverage(of: (0...25).map { Double($0) / 10 })
    #expect(coverage.seen == 4 && coverage.bridged == 3 && coverage.missing == 19)
  }

  @Test func emptyTracksHaveNoFaceAnywhere() {
    let track = track([])
    #expect(track.face(at: 0) == nil && track.smoothed(seconds: 1).sightings.isEmpty)
  }

  @Test func smoothingSteadiesAndKeepsSteadyMovement() {
    let jumping = track((0..<20).map { (Double($0) / 25, Float($0 % 2)) }).smoothed(seconds: 0.2)
    for sighting in jumping.sightings[5..<15] {
      #expect(abs(sighting.face.region.x - 0.5) < 0.15)
    }
    let moving = (0..<20).map { (Double($0) / 25, Float($0) * 3) }
    for (smoothed, original) in zip(track(moving).smoothed(seconds: 0.2).sightings, moving) {
      #expect(abs(smoothed.face.region.x - original.1) < 1e-3)
    }
  }

  @Test func smoothingDoesNotReachOverGaps() {
    let cut = track([(0, 0), (0.1, 0), (0.2, 0), (0.5, 90), (0.6, 90), (0.7, 90)], gap: 0.2)
    #expect(cut.smoothed(seconds: 10).sightings.map(\.face.region.x) == [0, 0, 0, 90, 90, 90])
  }
}

@Suite struct FaceFragmentsTests {
  private func dominant(_ frames: [[TrackedFace]], link: Double = 0.5) -> [Float] {
    var fragments = FaceFragments(linkSeconds: link)
    for (index, faces) in frames.enumerated() { fragments.add(faces, time: Double(index) / 10) }
    return fragments.dominant().map(\.face.region.x)
  }

  @Test func facesKeepTheirIdentityWhateverOrderTheyAreFoundIn() {
    let frames = (0..<6).map { index in
      let small = face(Float(index), side: 10)
      let large = face(50 - Float(index), side: 14)
      return index % 2 == 0 ? [small, large] : [large, small]
    }
    #expect(dominant(frames) == [50, 49, 48, 47, 46, 45])
  }

  @Test func theBoxesOfMostOverlapAreLinkedFirst() {
    // The second frame's first face overlaps both of the first frame's, and the second one more.
    let frames = [[face(0, side: 12), face(5)], [face(4), face(-1, side: 12)]]
    #expect(dominant(frames) == [0, -1])
  }

  @Test func aFaceThatStaysBeatsALargerOneThatPassesBy() {
    let frames = (0..<10).map { index in
      index == 4 ? [face(300, side: 18), face(0)] : [face(0)]
    }
    #expect(dominant(frames) == [Float](repeating: 0, count: 10))
  }

  @Test func aFaceThatComesBackElsewhereIsTheSame() {
    let frames: [[TrackedFace]] =
      [[face(0)], [face(0)], [face(0)], [], [], [], [], [face(70)], [face(70)]]
    #expect(dominant(frames, link: 0.2) == [0, 0, 0, 70, 70])
  }

  @Test func falseAlarmsWhileTheFaceIsAwayAreNotIt() {
    let small: [[TrackedFace]] = [
      [face(0, side: 30)], [face(0, side: 30)], [], [face(70)], [face(70)],
    ]
    #expect(dominant(small, link: 0.1) == [0, 0], "too small")
    let single: [[TrackedFace]] = [[face(0)], [face(0)], [], [face(70)], []]
    #expect(dominant(single, link: 0.1) == [0, 0], "seen once")
  }

  @Test func noFacesMakeNoTrack() {
    #expect(dominant([[], [], []]).isEmpty)
  }
}
