import Foundation

extension SetReader {
  /// Where images of triplets are looked for beside their list: a list of `url,path`, or a folder.
  private static let imageLists = ["images.csv", "images"]

  /// Lists of one folder name images of one map.
  func triplets(_ lists: [String]) throws -> [VerifiedPart] {
    guard let folder = lists.first.map(root(ofList:)) else { return [] }
    let file = try imageFile(in: folder)
    let images = try log.attempt(file) { try ImageMap(at: file, root: folder) }
    return try images.map { images in try lists.flatMap { try triplets($0, images) } } ?? []
  }

  private func triplets(_ list: String, _ images: ImageMap) throws -> [VerifiedPart] {
    let manifest = try read(list) {
      try TripletManifest.fec(csv: list, root: root(ofList: list), images: images, onError: $0)
    }
    guard let manifest else { return [] }
    try note(manifest.problems)
    var report = PartReport(
      name: VerifiedPart.name(ofList: list), file: list, unit: "triplets",
      count: manifest.triplets.count)
    report.classes = TripletType.allCases.map { type in
      ClassCount(name: "\(type)", count: manifest.triplets.count { $0.type == type })
    }
    report.notes = Self.notes(of: manifest)
    return [
      VerifiedPart(report, itemCount: manifest.imagePaths.count) { index in
        let path = manifest.imagePaths[index]
        return MediaItem(
          kind: .image, path: path.hasPrefix("/") ? path : "\(manifest.root)/\(path)", list: list)
      }
    ]
  }

  /// The list of images, or their folder.
  ///
  /// - Throws: `DatasetError.setting` where there is neither.
  private func imageFile(in root: String) throws -> String {
    let candidates = images.map { [$0] } ?? Self.imageLists.map { "\(root)/\($0)" }
    guard let found = candidates.first(where: FileManager.default.fileExists) else {
      throw DatasetError.setting(
        name: "--images",
        reason:
          "there is no \(candidates.joined(separator: " or ")); name a list of url,path or the "
          + "folder of the images")
    }
    // What is relative would be below the root.
    return URL(filePath: found).standardizedFileURL.path
  }

  private static func notes(of manifest: TripletManifest) -> [String] {
    var notes = ["\(manifest.faces.count) faces in \(manifest.imagePaths.count) images"]
    if manifest.disagreeing > 0 {
      notes.append("\(manifest.disagreeing) rows whose annotators disagree, left out")
    }
    if manifest.missing.triplets > 0 {
      let examples = manifest.missing.examples.joined(separator: ", ")
      notes.append(
        "\(manifest.missing.triplets) rows left out for \(manifest.missing.addresses) images that "
          + "are not there, such as \(examples)")
    }
    return notes
  }
}
