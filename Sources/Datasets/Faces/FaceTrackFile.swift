/// A face through a video as a list has it: a row for each frame.
///
/// Two kinds are read, told apart by their columns, which may come in any order among others:
///
/// - OpenFace's: `x_0`…`x_67` and `y_0`…`y_67`, with `timestamp` or `frame` (counted from 1), and
///   `face_id`, `confidence` and `success` where it has them.
/// - a plain one: `x`, `y`, `width`, `height`, with `time` in seconds or `frame` (counted from 0); further
///   `left_eye_x`, `left_eye_y`, `right_eye_x`, `right_eye_y` (all or none; left in the image), `face_id`,
///   `confidence` and `success`.
///
/// Rows without success or of low confidence are gaps. Images are not touched.
///
/// - Source: T. Baltrušaitis et al., "OpenFace 2.0: facial behavior analysis toolkit", FG 2018, and its
///   output format.
public struct FaceTrackFile: Sendable {
  /// Which of several faces is followed.
  public enum Selection: Equatable, Sendable {
    /// The one whose boxes sum to the largest area over the whole list.
    case largest
    /// The one with this `face_id`.
    case face(Int)
  }

  /// When the frames of a list that only numbers them were shown.
  public enum FrameTimes: Equatable, Sendable {
    /// As many frames every second.
    case perSecond(Double)
    /// The time of each frame, in seconds: for videos whose rate varies.
    case listed([Double])
  }

  /// How a list is read.
  public struct Options: Equatable, Sendable {
    /// Which of several faces is followed.
    public var selection: Selection
    /// Needed where the list has neither `time` nor `timestamp`.
    public var frameTimes: FrameTimes?
    /// Rows of less confidence are gaps.
    public var minimumConfidence: Float
    /// Gaps up to this long are interpolated, in seconds.
    public var maximumGapSeconds: Double
    /// What happens to rows with bad values.
    public var onError: ErrorPolicy

    /// Options with every field given.
    public init(
      selection: Selection = .largest, frameTimes: FrameTimes? = nil,
      minimumConfidence: Float = 0.5, maximumGapSeconds: Double = 0.5, onError: ErrorPolicy = .fail
    ) {
      self.selection = selection
      self.frameTimes = frameTimes
      self.minimumConfidence = minimumConfidence
      self.maximumGapSeconds = maximumGapSeconds
      self.onError = onError
    }
  }

  /// More rows are refused: two days at 25 frames a second. It bounds memory (some 56 bytes a row).
  public static let maximumRows = 4_320_000

  /// The face that was selected; without sightings where every row is a gap.
  public var track: FaceTrack
  /// Its `face_id`, 0 in lists without.
  public var faceID: Int
  /// All faces of the list, in rising order.
  public var faceIDs: [Int]
  /// Rows of any face, without the header.
  public var rows = 0
  /// Rows without success or of low confidence.
  public var gaps = 0
  /// Rows that were left out because something is wrong with them.
  public var problems: [RowProblem] = []

  /// Reads a list.
  ///
  /// - Throws: `DatasetError` naming file, line and column, or the setting that does not fit the list.
  public init(_ file: String, options: Options = Options()) throws {
    try options.validate()
    let reader = try DelimitedReader(file: file)
    let columns = try FaceTrackColumns(headerOf: reader, file: file, options: options)
    var sightings: [Int: [FaceTrack.Sighting]] = [:]
    track = FaceTrack(sightings: [], maximumGapSeconds: options.maximumGapSeconds)
    (faceID, faceIDs) = (0, [])
    while try reader.next() {
      rows += 1
      guard rows <= Self.maximumRows else {
        throw DatasetError.tooLong(file: file, rows: Self.maximumRows)
      }
      do throws(RowProblem) {
        let row = try columns.row(of: reader)
        guard let sighting = row.sighting else {
          gaps += 1
          continue
        }
        let last = sightings[row.face]?.last
        try columns.check(sighting, follows: last, reader)
        sightings[row.face, default: []].append(sighting)
      } catch {
        try note(error, options.onError)
      }
    }
    guard rows > 0 else { throw DatasetError.noRows(file: file) }
    try select(options, from: sightings, file: file)
  }

  private mutating func note(_ problem: RowProblem, _ policy: ErrorPolicy) throws {
    guard case .skip(let limit) = policy else { throw DatasetError.row(problem) }
    problems.append(problem)
    if problems.count > limit {
      throw DatasetError.tooManyRows(
        file: problem.file, count: problems.count, limit: limit,
        first: problems.prefix(5).map(\.description))
    }
  }

  private mutating func select(
    _ options: Options, from sightings: [Int: [FaceTrack.Sighting]], file: String
  ) throws {
    faceIDs = sightings.keys.sorted()
    let areas = sightings.mapValues { $0.reduce(0) { $0 + Double($1.face.region.area) } }
    // Of faces of equal area the first: the order of a dictionary's keys must not decide.
    let largest = faceIDs.max { (areas[$0] ?? 0, $1) < (areas[$1] ?? 0, $0) }
    switch options.selection {
    case .largest: faceID = largest ?? 0
    case .face(let id):
      guard sightings.isEmpty || sightings[id] != nil else {
        let others = faceIDs.prefix(10).map(String.init).joined(separator: ", ")
        throw DatasetError.setting(
          name: "face", reason: "\(file) has no usable row of face \(id); it has \(others)")
      }
      faceID = id
    }
    track = FaceTrack(
      sightings: sightings[faceID] ?? [], maximumGapSeconds: options.maximumGapSeconds)
  }
}

extension FaceTrackFile.Options {
  /// - Throws: `DatasetError.setting` for a value that cannot work.
  public func validate() throws {
    try DatasetError.require(
      (0...1).contains(minimumConfidence), "minimum confidence",
      "\(minimumConfidence) is not 0 to 1")
    try DatasetError.require(
      maximumGapSeconds >= 0 && maximumGapSeconds.isFinite, "maximum gap",
      "\(maximumGapSeconds) seconds is negative or infinite")
    switch frameTimes {
    case .perSecond(let rate):
      try DatasetError.require(
        rate > 0 && rate.isFinite, "frames per second", "\(rate) is not a positive number")
    case .listed(let times):
      try DatasetError.require(
        times.allSatisfy { $0.isFinite && $0 >= 0 } && zip(times, times.dropFirst()).allSatisfy(<),
        "frame times", "are not finite numbers that rise")
    case nil: break
    }
  }
}
