import Nets

/// The folder that keeps extracted features, a file for each recording and modality.
struct FeatureCache: Equatable, Sendable {
  /// The folder.
  let folder: String

  /// The file of a recording's features: its name is for people, the digest decides.
  func path(
    recording: String, modality: Modality, content: FrameContent = .features, digest: String
  ) -> String {
    let kind = content == .features ? modality.rawValue : "\(modality.rawValue)-inputs"
    return "\(folder)/\(recording).\(kind).\(digest).safetensors"
  }

  /// Whether a whole file with this many frames is there; one that is broken is set aside.
  ///
  /// - Parameter report: hears of what was set aside.
  /// - Throws: `TrainerError.system` where a broken file cannot be renamed.
  func has(
    _ path: String, frames: Int, type: TensorType = .f32, report: (String) -> Void
  ) throws -> Bool {
    try SharedFolder.whole(
      path, remedy: "its features are extracted again", report: report
    ) {
      try FeatureFile(path: path, frames: frames, type: type).verify()
    } != nil
  }

  /// Writes features: whoever reads sees all of them or none.
  ///
  /// - Parameter metadata: what the features depend on, for people.
  /// - Throws: `TrainerError.system`.
  func write(_ table: FeatureTable, metadata: [String: String], to path: String) throws {
    let frames = table.presence.count
    let tensors = [
      try Tensor(
        name: FeatureFile.features, type: table.type, shape: [frames, table.width],
        bytes: table.bytes),
      try Tensor(name: FeatureFile.present, type: .u8, shape: [frames], bytes: table.presence),
    ]
    try SharedFolder(path: folder).write(tensors, metadata: metadata, to: path)
  }

  /// Removes what killed processes were writing.
  func removeAbandoned() { SharedFolder(path: folder).removeAbandoned() }
}

/// Rows of the frames of a recording, wherever they are kept.
protocol FrameSource: AnyObject {
  /// Elements of a row.
  var width: Int { get }
  /// Whether each frame has a row.
  var presence: [Bool] { get }

  /// Reads the rows of some frames.
  ///
  /// - Shapes: `output` is `[frames.count, width]`, of the type of an element.
  /// - Throws: where they cannot be read any more.
  func read(_ frames: Range<Int>, into output: UnsafeMutableRawBufferPointer) throws
}

/// A file of features, whose frames are read as they are needed: ranks of one host share them in the
/// page cache, however long the recordings are.
final class FeatureFile: FrameSource {
  static let features = "features"
  static let present = "present"

  /// Elements of a frame.
  let width: Int
  /// The type of an element.
  let type: TensorType
  /// Whether each frame has a row.
  let presence: [Bool]
  private let reader: SafetensorsReader

  /// Opens the features of a recording of `frames` frames.
  ///
  /// - Throws: `WeightsError` naming the file.
  init(path: String, frames: Int, type: TensorType = .f32) throws {
    self.type = type
    reader = try SafetensorsReader(path: path)
    let shapes = Dictionary(
      uniqueKeysWithValues: reader.descriptions.map { ($0.name, ($0.type, $0.shape)) })
    guard let (stored, shape) = shapes[Self.features], stored == type, shape.count == 2,
      shape[0] == frames, shape[1] > 0
    else {
      throw WeightsError(
        file: path, tensor: Self.features,
        .wrongShape(shapes[Self.features]?.1 ?? [], wanted: [frames]))
    }
    width = shape[1]
    let present = try reader.tensor(Self.present)
    guard present.type == .u8, present.shape == [frames] else {
      throw WeightsError(
        file: path, tensor: Self.present, .wrongShape(present.shape, wanted: [frames]))
    }
    presence = present.bytes.map { $0 != 0 }
  }

  /// Frames of the recording.
  var frameCount: Int { presence.count }

  /// Compares the content with the digest that was stored beside it.
  ///
  /// - Throws: `TrainerError.featuresBroken` where they differ or a number is not finite.
  func verify() throws {
    let tensors = [try reader.tensor(Self.features), try reader.tensor(Self.present)]
    try SharedFolder.requireContent(tensors, of: reader)
    guard type != .f32 || tensors[0].floats().allSatisfy(\.isFinite) else {
      throw TrainerError.featuresBroken(file: reader.path, reason: "a feature is not finite")
    }
  }

  /// Reads the rows of some frames.
  ///
  /// - Shapes: `output` is `[frames.count, width]`, of the file's type.
  /// - Throws: `WeightsError` where the file was cut short meanwhile.
  func read(_ frames: Range<Int>, into output: UnsafeMutableRawBufferPointer) throws {
    let row = width * type.byteCount
    precondition(output.count == frames.count * row)
    try reader.read(
      Self.features, bytes: (frames.lowerBound * row)..<(frames.upperBound * row), into: output)
  }
}
