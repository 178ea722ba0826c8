import CounterRandom
import Foundation

/// Which face goes where.
struct SyntheticLayout: Sendable {
  let folder: String
  let options: SyntheticFaces.Options
  /// Faces below this number are for training.
  let trainingCount: Int

  /// Pictures of one person.
  private static let picturesOfOne = 8
  private static let imagesOfFolder = 500
  /// How often training has each class, in AffectNet's manner: unequal, but none is rare.
  private static let trainingShares = [5, 6, 3, 3, 2, 2, 3, 2]

  init(folder: String, options: SyntheticFaces.Options) {
    self.folder = folder
    self.options = options
    trainingCount = options.faces - Int((Double(options.faces) * options.validationPart).rounded())
  }

  /// The class of a face: in turns, so that a corpus of any size has its shares of all.
  func expression(of face: Int) -> Expression {
    let classes = Expression.allCases
    guard face < trainingCount else { return classes[(face - trainingCount) % classes.count] }
    var place = face % Self.trainingShares.reduce(0, +)
    for (index, share) in Self.trainingShares.enumerated() {
      if place < share { return classes[index] }
      place -= share
    }
    return .neutral
  }

  /// The number of the person a face belongs to; validation has other people than training.
  ///
  /// Faces are dealt out in turns, so that a person has different expressions.
  func person(of face: Int) -> Int {
    let isTraining = face < trainingCount
    let count = isTraining ? trainingCount : options.faces - trainingCount
    let people = max(1, count / Self.picturesOfOne)
    let place = isTraining ? face : face - trainingCount
    let turn = CounterRandom.philox4x32(
      counter: SIMD4(UInt32(truncatingIfNeeded: place), 0, 0, 0), key: SIMD2(1, 2))
    return Int(turn.x % UInt32(people)) + (isTraining ? 0 : 1 << 24)
  }

  /// The picture's path, relative to the folder.
  func imagePath(of face: Int) -> String {
    "\(subfolder(of: face))/face-\(face).jpg"
  }

  private func subfolder(of face: Int) -> String {
    "\(SyntheticFaces.imageFolder)/\(face / Self.imagesOfFolder)"
  }

  /// Makes the folders, and removes an earlier corpus of ours.
  func prepare(force: Bool) throws {
    let files = FileManager.default
    let content = (try? files.contentsOfDirectory(atPath: folder)) ?? []
    let isOurs = content.contains(SyntheticFaces.marker)
    guard content.isEmpty || isOurs || force else {
      throw DatasetError.folderInUse(folder: folder)
    }
    try reportingPath(folder) {
      if isOurs {
        for name in ["training.csv", "validation.csv", SyntheticFaces.imageFolder]
        where content.contains(name) {
          try files.removeItem(atPath: "\(folder)/\(name)")
        }
      }
      for first in stride(from: 0, to: options.faces, by: Self.imagesOfFolder) {
        try files.createDirectory(
          atPath: "\(folder)/\(subfolder(of: first))", withIntermediateDirectories: true)
      }
      if content.isEmpty || isOurs {
        let note =
          "Drawn faces: \(options.faces), seed \(options.seed), \(options.imageSize) pixels.\n"
        try note.write(
          toFile: "\(folder)/\(SyntheticFaces.marker)", atomically: true, encoding: .utf8)
      }
    }
  }

  func writeList(_ name: String, _ rows: ArraySlice<String>) throws {
    let lines = [AffectNetColumns.header.joined(separator: ",")] + rows
    try reportingPath("\(folder)/\(name)") {
      try (lines.joined(separator: "\n") + "\n").write(
        toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }
  }

  private func reportingPath(_ path: String, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      throw DatasetError.unwritable(file: path, reason: error.localizedDescription)
    }
  }
}
