extension SpeechManifest {
  /// Finds the utterances of a folder by the names that RAVDESS gives its files.
  ///
  /// The folder, and all folders in it, are listed once; nothing is opened. The order is that of the
  /// paths' bytes, speakers are called `actor-01` to `actor-24`. Files with other names, whatever they
  /// are, and pictures without sound (modality 02) are counted as other files.
  ///
  /// - Parameters:
  ///   - folder: the folder; audio paths are relative to it.
  ///   - onError: what happens to names of the right form with a code that means nothing, and to an
  ///     utterance that is there twice.
  /// - Throws: `DatasetError` naming the file; also when no utterance is left.
  public static func ravdess(
    folder: String, onError: ErrorPolicy
  ) throws -> SpeechManifest {
    let listing = try FolderListing(of: folder) { _ in true }
    var manifest = SpeechManifest(path: folder, root: folder, records: [])
    var tally = RowTally(file: folder, policy: onError)
    var fileOfName: [Substring: String] = [:]
    for problem in listing.problems { try tally.add(problem) }
    for file in listing.files {
      func problem(_ reason: String) -> RowProblem {
        RowProblem(file: "\(folder)/\(file)", line: 0, column: nil, reason: reason)
      }
      let name = FolderListing.name(file)
      do throws(RAVDESSName.Problem) {
        guard let values = try RAVDESSName(file: name), values.modality != .video else {
          manifest.otherFiles += 1
          continue
        }
        if let other = fileOfName.updateValue(file, forKey: FolderListing.stem(name)) {
          throw .init(reason: "is the utterance of \(other) again")
        }
        let actor = values.actor < 10 ? "0\(values.actor)" : "\(values.actor)"
        manifest.records.append(
          SpeechRecord(
            audioPath: file, emotion: values.emotion, speaker: "actor-\(actor)", line: 0))
      } catch {
        try tally.add(problem(error.reason))
      }
    }
    try manifest.finish(tally)
    return manifest
  }
}
