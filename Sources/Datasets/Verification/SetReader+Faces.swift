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
      let manifest = try read(folder) { try FaceManifest.affectNet(arrays: folder, onError: $0) }
      return try part(manifest, VerifiedPart.name(ofList: folder), isLabelled: true)
    }
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
