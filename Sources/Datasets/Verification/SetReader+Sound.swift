extension SetReader {
  func ravdess() throws -> [VerifiedPart] {
    try speechParts(read(path) { try SpeechManifest.ravdess(folder: path, onError: $0) })
  }

  func speech(_ list: String) throws -> [VerifiedPart] {
    try speechParts(
      read(list) { try SpeechManifest.list(list, root: root(ofList: list), onError: $0) })
  }

  /// A part for each split, and one for utterances without.
  private func speechParts(_ manifest: SpeechManifest?) throws -> [VerifiedPart] {
    guard let manifest else { return [] }
    try note(manifest.problems)
    for speaker in manifest.speakersInSeveralSplits {
      try log.add(
        Finding(
          kind: .person, file: manifest.path, reason: "speaker '\(speaker)' is in several splits"))
    }
    let recordsOfSplit = Dictionary(grouping: manifest.records.indices) {
      manifest.records[$0].split
    }
    return ([nil] + Split.allCases).compactMap { (split: Split?) in
      recordsOfSplit[split].map { Self.part(manifest, split?.rawValue ?? "all", records: $0) }
    }
  }

  private static func part(
    _ manifest: SpeechManifest, _ name: String, records: [Int]
  ) -> VerifiedPart {
    let speakers = Dictionary(grouping: records) { manifest.records[$0].speaker }
    let groups = speakers.keys.sorted(by: FolderListing.precedes).map { speaker in
      group(speaker, (speakers[speaker] ?? []).map { manifest.records[$0] })
    }
    let all = group(name, records.map { manifest.records[$0] })
    var report = PartReport(
      name: name, file: manifest.path, unit: "utterances", count: records.count,
      classes: all.classes, valence: all.valence, arousal: all.arousal, groups: groups)
    if manifest.otherFiles > 0 {
      report.notes.append("\(manifest.otherFiles) files that are no utterances by their names")
    }
    return VerifiedPart(report, itemCount: records.count) { index in
      let record = manifest.records[records[index]]
      let end = record.endSeconds
      let isWhole = record.startSeconds == 0 && end == nil
      return MediaItem(
        kind: .sound, path: manifest.path(of: record),
        seconds: isWhole ? nil : record.startSeconds..<(end ?? .infinity),
        neededSeconds: end ?? record.startSeconds, list: manifest.path, line: record.line)
    }
  }

  private static func group(_ name: String, _ records: [SpeechRecord]) -> GroupReport {
    var group = GroupReport(name: name, count: records.count)
    var counts = [Int](repeating: 0, count: VocalEmotion.allCases.count)
    var (valence, arousal) = (ValueRange(), ValueRange())
    for record in records {
      if let emotion = record.emotion { counts[emotion.rawValue] += 1 }
      valence.add(record.valence)
      arousal.add(record.arousal)
    }
    if counts.contains(where: { $0 > 0 }) {
      group.classes = [ClassCount](VocalEmotion.self, counts)
    }
    if valence.count + arousal.count > 0 { (group.valence, group.arousal) = (valence, arousal) }
    return group
  }
}
