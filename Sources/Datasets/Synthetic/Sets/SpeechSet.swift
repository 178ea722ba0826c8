/// Utterances with emotions, named and foldered as RAVDESS has them.
struct SpeechSet: SyntheticSet {
  let name = "speech"
  let itemCount: Int
  private let seed: UInt64
  let actors: Int

  /// Names have room for repetitions 1 and 2 of two statements, in two strengths but for neutral.
  static let utterancesOfActor = 60
  static let mostActors = 24
  static let possibleCounts = 30...(mostActors * utterancesOfActor)
  private static let fewestOfActor = 20

  init(seed: UInt64, utterances: Int) {
    self.seed = seed
    itemCount = utterances
    let wanted = (utterances + Self.fewestOfActor - 1) / Self.fewestOfActor
    actors = min(max(wanted, 2), Self.mostActors)
  }

  var folders: [String] { (1...actors).map { "Actor_\(padded($0, 2))" } }
  var summary: String { "\(itemCount) utterances of \(actors) actors with 8 emotions" }

  func write(_ item: Int, to folder: OutputFolder, with studio: FaceStudio) throws -> String {
    let utterance = Utterance(seed: seed, actor: item % actors + 1, number: item / actors)
    let path = "Actor_\(padded(utterance.actor, 2))/\(utterance.fileName)"
    try utterance.write(to: folder.file(path))
    return ""
  }

  func writeLists(_ rows: [String], to folder: OutputFolder) throws {}
}
