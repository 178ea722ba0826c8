import Media

/// Where the header of a face track puts its columns, and how their values are read.
struct FaceTrackColumns {
  /// A column's place and its name, for the messages.
  struct Column {
    let index: Int
    let name: String
  }

  private enum Shape {
    /// The coordinates of 68 points.
    case landmarks(x: [Column], y: [Column])
    /// Left, upper edge, width and height; x and y of the left and of the right eye.
    case box([Column], eyes: [Column]?)
  }

  /// No image is as large; beyond it a number is a slip.
  private static let coordinateLimit: Float = 1e6
  private static let eyeNames = ["left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"]

  private let file: String
  private let columnCount: Int
  private let shape: Shape
  private let time: Column
  private let faceID: Column?
  private let confidence: Column?
  private let success: Column?
  private let frameTimes: FaceTrackFile.FrameTimes?
  private let minimumConfidence: Float
  private let firstFrame: Int

  /// Reads the header, the first row of the file.
  init(
    headerOf reader: DelimitedReader, file: String, options: FaceTrackFile.Options
  ) throws {
    guard try reader.next() else { throw DatasetError.emptyList(file: file) }
    let header = Header(
      file: file,
      names: (0..<reader.fieldCount).map { String(decoding: reader.field($0), as: UTF8.self) })
    self.file = file
    columnCount = header.names.count
    minimumConfidence = options.minimumConfidence
    let isOpenFace = header.find("x_0") != nil
    firstFrame = isOpenFace ? 1 : 0
    if isOpenFace {
      shape = .landmarks(
        x: try (0..<Landmarks.count).map { try header.require("x_\($0)") },
        y: try (0..<Landmarks.count).map { try header.require("y_\($0)") })
    } else {
      let box = try ["x", "y", "width", "height"].map(header.require)
      let hasEyes = Self.eyeNames.contains { header.find($0) != nil }
      shape = .box(box, eyes: hasEyes ? try Self.eyeNames.map(header.require) : nil)
    }
    faceID = header.find("face_id")
    confidence = header.find("confidence")
    success = header.find("success")
    if let seconds = header.find("timestamp") ?? header.find("time") {
      (time, frameTimes) = (seconds, nil)
    } else {
      guard let frame = header.find("frame") else {
        throw DatasetError.missingColumn(
          file: file, column: isOpenFace ? "timestamp" : "time", nearest: nil)
      }
      guard let frameTimes = options.frameTimes else {
        throw DatasetError.setting(
          name: "frames per second",
          reason: "\(file) numbers its frames and has no column of times; say the video's rate")
      }
      (time, self.frameTimes) = (frame, frameTimes)
    }
  }

  /// The face of the reader's row and when it was seen there; no sighting where the row is a gap.
  func row(
    of reader: DelimitedReader
  ) throws(RowProblem) -> (face: Int, sighting: FaceTrack.Sighting?) {
    guard reader.fieldCount == columnCount else {
      throw problem(
        reader, "has \(reader.fieldCount) fields where the header has \(columnCount)")
    }
    let face = try faceID.map { (column) throws(RowProblem) in try integer(reader, column) } ?? 0
    let time = try seconds(reader)
    // What a gap says of the face is not read: OpenFace writes zeros or no numbers there.
    if let success, try number(reader, success) == 0 { return (face, nil) }
    if let confidence, try number(reader, confidence) < minimumConfidence { return (face, nil) }
    return (face, FaceTrack.Sighting(time: time, face: try self.face(reader)))
  }

  /// Ensures that the times of one face rise.
  func check(
    _ sighting: FaceTrack.Sighting, follows last: FaceTrack.Sighting?, _ reader: DelimitedReader
  ) throws(RowProblem) {
    guard let last, sighting.time <= last.time else { return }
    let hint = faceID == nil ? "; lists of several faces need a column face_id" : " of this face"
    throw problem(
      reader, "\(sighting.time) s does not come after \(last.time) s, the row before" + hint, time)
  }

  private func face(_ reader: DelimitedReader) throws(RowProblem) -> TrackedFace {
    switch shape {
    case .landmarks(let x, let y):
      var points: [SIMD2<Float>] = []
      points.reserveCapacity(x.count)
      for (x, y) in zip(x, y) {
        points.append(SIMD2(try coordinate(reader, x), try coordinate(reader, y)))
      }
      guard let face = TrackedFace(landmarks: points) else {
        throw problem(reader, "the landmarks span no area")
      }
      return face
    case .box(let box, let eyes):
      let region = FaceRegion(
        x: try coordinate(reader, box[0]), y: try coordinate(reader, box[1]),
        width: try length(reader, box[2]), height: try length(reader, box[3]))
      return TrackedFace(
        region: region,
        eyes: try eyes.flatMap { (columns) throws(RowProblem) in try pair(reader, columns) })
    }
  }

  /// Both eyes, nil where all four fields are empty.
  private func pair(
    _ reader: DelimitedReader, _ columns: [Column]
  ) throws(RowProblem) -> EyeCenters? {
    if columns.allSatisfy({ reader.field($0.index).isEmpty }) { return nil }
    let eyes = EyeCenters(
      left: SIMD2(try coordinate(reader, columns[0]), try coordinate(reader, columns[1])),
      right: SIMD2(try coordinate(reader, columns[2]), try coordinate(reader, columns[3])))
    // Exchanged eyes would turn the face upside down.
    guard eyes.left.x < eyes.right.x else {
      throw problem(
        reader, "the left eye is the one further left in the image: less than right_eye_x",
        columns[0])
    }
    return eyes
  }

  private func seconds(_ reader: DelimitedReader) throws(RowProblem) -> Double {
    guard let frameTimes else {
      guard let value = Double(text(reader, time)), value.isFinite, value >= 0 else {
        throw problem(reader, "\(quoted(reader, time)) is not a time in seconds", time)
      }
      return value
    }
    let frame = try integer(reader, time) - firstFrame
    guard frame >= 0 else {
      throw problem(reader, "frames are counted from \(firstFrame)", time)
    }
    switch frameTimes {
    case .perSecond(let rate): return Double(frame) / rate
    case .listed(let times):
      guard frame < times.count else {
        throw problem(reader, "the video has only \(times.count) frames", time)
      }
      return times[frame]
    }
  }

  private func length(_ reader: DelimitedReader, _ column: Column) throws(RowProblem) -> Float {
    let value = try coordinate(reader, column)
    guard value > 0 else { throw problem(reader, "\(value) is not positive", column) }
    return value
  }

  private func coordinate(_ reader: DelimitedReader, _ column: Column) throws(RowProblem) -> Float {
    let value = try number(reader, column)
    guard abs(value) <= Self.coordinateLimit else {
      throw problem(reader, "\(value) is no coordinate of an image", column)
    }
    return value
  }

  private func integer(_ reader: DelimitedReader, _ column: Column) throws(RowProblem) -> Int {
    guard let value = Int32(text(reader, column)) else {
      throw problem(reader, "\(quoted(reader, column)) is not a whole number", column)
    }
    return Int(value)
  }

  private func number(_ reader: DelimitedReader, _ column: Column) throws(RowProblem) -> Float {
    guard let value = Float(text(reader, column)), value.isFinite else {
      throw problem(reader, "\(quoted(reader, column)) is not a number", column)
    }
    return value
  }

  private func text(_ reader: DelimitedReader, _ column: Column) -> String {
    String(decoding: reader.field(column.index), as: UTF8.self)
  }

  private func quoted(_ reader: DelimitedReader, _ column: Column) -> String {
    let text = text(reader, column)
    return text.count <= 40 ? "'\(text)'" : "'\(text.prefix(40))…'"
  }

  private func problem(
    _ reader: DelimitedReader, _ reason: String, _ column: Column? = nil
  ) -> RowProblem {
    RowProblem(file: file, line: reader.line, column: column?.name, reason: reason)
  }
}

/// The names of a list's columns.
private struct Header {
  let file: String
  let names: [String]

  func find(_ name: String) -> FaceTrackColumns.Column? {
    names.firstIndex(of: name).map { FaceTrackColumns.Column(index: $0, name: name) }
  }

  func require(_ name: String) throws -> FaceTrackColumns.Column {
    guard let column = find(name) else {
      // x_1 is near to x_0 but never meant by it.
      let slips = names.filter { !$0.contains("_") || name.contains("eye") }
        .map { (name: $0, edits: editDistance($0.lowercased(), name)) }
        .filter { $0.edits <= max(1, name.count / 3) }
      throw DatasetError.missingColumn(
        file: file, column: name, nearest: slips.min { $0.edits < $1.edits }?.name)
    }
    return column
  }
}
