import Foundation
import Nets

/// A teacher's outputs for one list, in files of so many faces each: what was computed before a stop is
/// not computed again, nor is anything for another run that asks the same.
///
/// The folder is named by what outputs depend on, so that another teacher, list or setting finds nothing.
struct TeacherOutputStore {
  /// Faces of a file: few enough that a stop takes little away, many enough that ranks rarely wait for
  /// each other.
  static let facesPerPart = 1 << 13
  private static let tensor = "outputs"

  /// The folder of this list's files.
  let folder: String
  /// Faces of the list.
  let faces: Int
  /// What is where in a face's numbers.
  let layout: TeacherOutputLayout

  /// The faces of each part.
  var parts: [Range<Int>] {
    stride(from: 0, to: faces, by: Self.facesPerPart).map {
      $0..<min($0 + Self.facesPerPart, faces)
    }
  }

  /// The outputs of a part, nil where they are not stored; a file that is not as it was written is set
  /// aside.
  ///
  /// - Parameter report: hears of what was set aside.
  /// - Shapes: `[faces of the part, layout.width]`.
  /// - Throws: `TrainerError.system` where a broken file cannot be renamed.
  func read(_ part: Range<Int>, report: (String) -> Void) throws -> [Float]? {
    let path = path(of: part)
    return try SharedFolder.whole(path, remedy: "the teacher is asked again", report: report) {
      try verified(path, shape: [part.count, layout.width])
    }
  }

  /// Stores the outputs of a part; the file is whole or not there.
  func write(_ values: [Float], of part: Range<Int>) throws {
    let tensor = try Tensor(
      name: Self.tensor, shape: [part.count, layout.width], floats: values)
    try SharedFolder(path: folder).write([tensor], to: path(of: part))
  }

  private func verified(_ path: String, shape: [Int]) throws -> [Float] {
    let reader = try SafetensorsReader(path: path)
    let tensor = try reader.tensor(Self.tensor)
    guard tensor.type == .f32, tensor.shape == shape else {
      throw WeightsError(
        file: path, tensor: Self.tensor, .wrongShape(tensor.shape, wanted: shape))
    }
    try SharedFolder.requireContent([tensor], of: reader)
    return tensor.floats()
  }

  /// Removes what killed processes were writing.
  func removeAbandoned() { SharedFolder(path: folder).removeAbandoned() }

  private func path(of part: Range<Int>) -> String {
    "\(folder)/faces-\(String(format: "%09d", part.lowerBound)).safetensors"
  }
}
