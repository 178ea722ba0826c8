@testable import Datasets

extension FuzzTarget {
  static var faceTrack: FuzzTarget {
    let points = (0..<68)
    let openFace =
      "frame, face_id, timestamp, confidence, success, "
      + points.map { "x_\($0), " }.joined() + points.map { "y_\($0)" }.joined(separator: ", ")
      + "\n1, 0, 0.000, 0.98, 1, " + points.map { "\($0).5, " }.joined()
      + points.map { "\($0 % 9)" }.joined(separator: ", ") + "\n"
    let times = (0..<64).map { 0.04 * Double($0) }
    let ways: [FaceTrackFile.FrameTimes?] = [nil, .perSecond(25), .listed(times)]
    return FuzzTarget(
      list: "facetrack",
      seeds: [
        "time,x,y,width,height\n0,1,2,30,40\n0.04,1,2,30,40\n0.5,2,2,30,41\n",
        "frame,x,y,width,height,left_eye_x,left_eye_y,right_eye_x,right_eye_y,face_id,confidence,"
          + "success\n0,1,2,30,40,9,9,20,9,0,0.9,1\n1,1,2,30,40,,,,,0,0.9,1\n"
          + "1,5,5,50,50,9,9,20,10,1,0.9,1\n2,0,0,0,0,0,0,0,0,0,0,0\n",
        openFace,
      ],
      read: { path, policy in
        // Lists say nothing of how they are numbered: the way follows from the file's length.
        let bytes = try InputFile(path).byteCount
        return try FaceTrackFile(
          path, options: .init(frameTimes: ways[bytes % ways.count], onError: policy))
      },
      problems: \.problems
    ) { file in
      let sightings = file.track.sightings
      require(zip(sightings, sightings.dropFirst()).allSatisfy { $0.time < $1.time }, "times")
      require(file.rows >= file.gaps + file.problems.count, "rows")
      require(sightings.isEmpty || file.faceIDs.contains(file.faceID), "a face from nowhere")
      let smooth = file.track.smoothed(seconds: 0.2)
      for sighting in sightings {
        require(file.track.face(at: sighting.time) == sighting.face, "not where it was seen")
        require(sighting.face.region.area > 0, "a face without an area")
      }
      let coverage = smooth.coverage(of: times)
      require(coverage.seen + coverage.bridged + coverage.missing == times.count, "coverage")
      if let face = smooth.face(at: 0.02) {
        let transform = FaceAlignment().transform(for: face, side: 112)
        require(transform.scale.isFinite, "a face at no finite place")
      }
    }
  }
}
