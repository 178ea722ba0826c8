import Foundation
import Nets

/// A teacher's outputs for one list, in files of so many faces each: what was computed before a stop is
/// not computed again, nor is anything for another run that asks the same.
///
/// The folder is named by what outputs depend on, so that another teacher, list or setting finds nothing.
struct TeacherOutputStore {
  /// Faces of a file.
  static let facesPerPart = 1 << 16
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

  /// The outputs of a part, nil where they are not stored, or not as they should be: they are computed
  /// again then.
  ///
  /// - Shapes: `[faces of the part, layout.width]`.
  func read(_ part: Range<Int>) -> [Float]? {
    guard let reader = try? SafetensorsReader(path: path(of: part)),
      let tensor = try? reader.tensor(Self.tensor),
      tensor.shape == [part.count, layout.width], tensor.type == .f32
    else { return nil }
    return tensor.floats()
  }

  /// Stores the outputs of a part; the file is whole or not there.
  func write(_ values: [Float], of part: Range<Int>) throws {
    try SharedFolder(path: folder).write(
      [try Tensor(name: Self.tensor, shape: [part.count, layout.width], floats: values)],
      to: path(of: part))
  }

  /// Removes what killed processes were writing.
  func removeAbandoned() { SharedFolder(path: folder).removeAbandoned() }

  private func path(of part: Range<Int>) -> String {
    "\(folder)/faces-\(String(format: "%09d", part.lowerBound)).safetensors"
  }
}
