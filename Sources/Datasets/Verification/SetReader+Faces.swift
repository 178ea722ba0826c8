extension SetReader {
  func affectNet(_ list: String) throws -> [VerifiedPart] {
    let manifest = try read(list) {
      try FaceManifest.affectNet(csv: list, root: root(ofList: list), onError: $0)
    }
    return try part(manifest, VerifiedPart.name(ofList: list), isLabelled: true)
  }

  func faceList(_ list: String) throws -> [VerifiedPart] {
    let manifest = try read(list) {
      try FaceManifest.unlabeled(list: list, root: root(ofList: list), onError: $0)
    }
    return try part(manifest, VerifiedPart.name(ofList: list))
  }

  func faceFolder() throws -> [VerifiedPart] {
    let manifest = try read(path) { try FaceManifest.unlabeled(folder: path, onError: $0) }
    return try part(manifest, "unlabeled")
  }

  func rafDB() throws -> [VerifiedPart] {
    let splits = try read("\(path)/\(FaceManifest.rafDBList)") {
      try FaceManifest.rafDB(root: path, onError: $0)
    }
    guard let splits else { return [] }
    return try part(splits.training, "training", isLabelled: true)
      + part(splits.test, "test", isLabelled: true)
  }

  func affectNetArrays() throws -> [VerifiedPart] {
    let names = try FolderListing.names(in: path)
    let splits = AffectNetArrays.splits.filter(names.contains)
    let folders = splits.isEmpty ? [path] : splits.map { "\(path)/\($0)" }
    return try folders.flatMap { folder -> [VerifiedPart] in
      let manifest = try log.attempt(folder) { try arrays(in: folder) }
      return try part(
        manifest ?? nil, VerifiedPart.name(ofList: folder), isLabelled: true)
    }
  }

  /// A split of the later release as a list; nil where no image can be used.
  private func arrays(in folder: String) throws -> FaceManifest? {
    let files = try AffectNetFolder(folder)
    try note(files.problems)
    var list = FaceList(path: folder, root: "\(folder)/images")
    for image in files.images {
      do throws(RowProblem) {
        let (expression, valence, arousal, eyes) = try files.labels(of: image)
        if let expression {
          list.append(
            FaceRecord(
              imagePath: image.file, faceBox: nil, eyes: eyes, expression: expression,
              valence: valence, arousal: arousal, line: 0))
        } else {
          list.excluded += 1
        }
      } catch {
        try log.add(Finding(error))
      }
    }
    return try list.finished(RowTally(file: folder, policy: .fail))
  }

  /// The split that a manifest is, with its problems noted.
  func part(
    _ manifest: FaceManifest?, _ name: String, isLabelled: Bool = false
  ) throws -> [VerifiedPart] {
    guard let manifest else { return [] }
    try note(manifest.problems)
    var report = PartReport(
      name: name, file: manifest.path, unit: "faces", count: manifest.records.count)
    if isLabelled {
      report.classes = [ClassCount](Expression.self, manifest.classCounts)
      let unlabelled = manifest.records.count - manifest.classCounts.reduce(0, +)
      if unlabelled > 0 { report.notes.append("\(unlabelled) without an expression") }
      let affect = manifest.affectRanges
      (report.valence, report.arousal) = (affect.valence, affect.arousal)
    }
    if manifest.excluded > 0 {
      report.notes.append("\(manifest.excluded) labelled none, uncertain or no face, left out")
    }
    if let shards = manifest.shards { report.notes += Self.notes(of: manifest, in: shards) }
    let open = OpenShards(of: manifest)
    return [
      VerifiedPart(report, itemCount: manifest.records.count, shards: open) { index in
        let record = manifest.records[index]
        return MediaItem(
          kind: .image, path: open?.name(of: index) ?? manifest.path(of: record),
          shardSample: open == nil ? nil : index, box: record.faceBox, eyes: record.eyes,
          list: manifest.path, line: record.line)
      }
    ]
  }
}

extension FaceManifest {
  fileprivate var affectRanges: (valence: ValueRange, arousal: ValueRange) {
    var ranges = (valence: ValueRange(), arousal: ValueRange())
    for record in records {
      ranges.valence.add(record.valence)
      ranges.arousal.add(record.arousal)
    }
    return ranges
  }
}

extension AffectNetFolder {
  /// The labels of an image; no expression where it is none, uncertain or no face.
  fileprivate func labels(
    of image: Image
  ) throws(RowProblem) -> (
    expression: Expression?, valence: Float?, arousal: Float?, eyes: EyeCenters?
  ) {
    // Landmarks, expression, valence and arousal are the last of the first release's columns.
    let columns = try row(of: image, path: image.file).suffix(4)
    let values = columns.suffix(3).map { Float($0) ?? -2 }
    func affect(_ value: Float) -> Float? { value == -2 ? nil : value }
    return (
      Expression(rawValue: Int(values[0])), affect(values[1]), affect(values[2]),
      // What cannot be read has been refused before.
      columns.first.flatMap { try? EyeCenters(landmarks: Array($0.utf8)[...]) }
    )
  }
}
