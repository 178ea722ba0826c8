/// One face through a video: where it is at any time.
public struct FaceTrack: Sendable {
  /// A face at a time.
  public struct Sighting: Equatable, Sendable {
    /// Seconds since the video's start.
    public var time: Double
    /// Where the face is then.
    public var face: TrackedFace

    /// A sighting with every field given.
    public init(time: Double, face: TrackedFace) {
      self.time = time
      self.face = face
    }
  }

  /// Where the face was seen, in the order of time.
  public private(set) var sightings: [Sighting]
  /// Between sightings at most this far apart the face is interpolated, in seconds.
  public let maximumGapSeconds: Double
  /// How far a single sighting reaches: half the usual distance between sightings, in seconds.
  let reachSeconds: Double

  /// A track of `sightings`, whose times are finite and rise.
  ///
  /// - Parameter reachSeconds: a sighting without another within the gap holds for frames at most
  ///   this far from it; nil for half the median distance between sightings.
  public init(
    sightings: [Sighting], maximumGapSeconds: Double, reachSeconds: Double? = nil
  ) {
    precondition(
      zip(sightings, sightings.dropFirst()).allSatisfy { $0.time < $1.time },
      "a track's times rise")
    self.sightings = sightings
    self.maximumGapSeconds = maximumGapSeconds
    self.reachSeconds = reachSeconds ?? Self.medianDistance(sightings) / 2
  }

  /// The face at `time`, nil where it is missing.
  ///
  /// Linear between two sightings that are no further apart than the gap; otherwise the sighting that
  /// is within reach. Nothing is assumed before the first and after the last.
  ///
  /// - Parameter time: seconds since the video's start.
  public func face(at time: Double) -> TrackedFace? {
    let next = firstIndex(notBefore: time)
    let before = next > 0 ? sightings[next - 1] : nil
    let after = next < sightings.count ? sightings[next] : nil
    if let after, after.time == time { return after.face }
    if let before, let after, after.time - before.time <= maximumGapSeconds {
      let part = (time - before.time) / (after.time - before.time)
      return before.face.interpolated(to: after.face, part: Float(part))
    }
    let nearest = [before, after].compactMap(\.self).min {
      abs($0.time - time) < abs($1.time - time)
    }
    guard let nearest, abs(nearest.time - time) <= reachSeconds else { return nil }
    return nearest.face
  }

  /// How a video's frames fare: seen, bridged by interpolation, or without the face.
  ///
  /// - Parameter times: the frames' times, in seconds.
  public func coverage(of times: [Double]) -> FaceCoverage {
    var coverage = FaceCoverage()
    for time in times {
      let next = firstIndex(notBefore: time)
      let isSeen = [next - 1, next].contains { index in
        sightings.indices.contains(index) && abs(sightings[index].time - time) <= reachSeconds
      }
      if isSeen {
        coverage.seen += 1
      } else if face(at: time) != nil {
        coverage.bridged += 1
      } else {
        coverage.missing += 1
      }
    }
    return coverage
  }

  /// The same track with each face averaged with its neighbours in time, which steadies boxes that jump.
  ///
  /// The weights fall linearly to zero at `seconds` on both sides. Averages do not reach over gaps.
  public func smoothed(seconds: Double) -> FaceTrack {
    guard seconds > 0 else { return self }
    var track = self
    for index in sightings.indices {
      let weights = neighbours(of: index, within: seconds).map { neighbour in
        (
          sightings[neighbour].face,
          Float(1 - abs(sightings[neighbour].time - sightings[index].time) / seconds)
        )
      }
      let sum = weights.reduce(0) { $0 + $1.1 }
      track.sightings[index].face = .mean(weights.map { ($0.0, $0.1 / sum) })
    }
    return track
  }

  /// As many on one side as on the other, so that a face that moves steadily stays where it is.
  private func neighbours(of index: Int, within seconds: Double) -> ClosedRange<Int> {
    func isJoined(_ first: Int, _ second: Int) -> Bool {
      sightings[second].time - sightings[first].time <= maximumGapSeconds
    }
    let time = sightings[index].time
    var reach = 0
    while index - reach > 0, index + reach + 1 < sightings.count,
      time - sightings[index - reach - 1].time < seconds,
      sightings[index + reach + 1].time - time < seconds,
      isJoined(index - reach - 1, index - reach), isJoined(index + reach, index + reach + 1)
    {
      reach += 1
    }
    return (index - reach)...(index + reach)
  }

  private func firstIndex(notBefore time: Double) -> Int {
    var lower = 0
    var upper = sightings.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if sightings[middle].time < time { lower = middle + 1 } else { upper = middle }
    }
    return lower
  }

  private static func medianDistance(_ sightings: [Sighting]) -> Double {
    let distances = zip(sightings, sightings.dropFirst()).map { $1.time - $0.time }.sorted()
    return distances.isEmpty ? 0 : distances[distances.count / 2]
  }
}

/// How many frames of a video have a face.
public struct FaceCoverage: Equatable, Sendable {
  /// Frames in which it was seen.
  public var seen = 0
  /// Frames between sightings, where it is interpolated.
  public var bridged = 0
  /// Frames without it.
  public var missing = 0

  /// No frames.
  public init() {}
}
