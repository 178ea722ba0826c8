import Foundation

/// A golden file of this folder.
func golden(_ name: String) throws -> Data {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  return try Data(contentsOf: folder.appendingPathComponent("Goldens/\(name)"))
}
