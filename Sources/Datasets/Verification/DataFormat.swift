/// What `aver verify` takes a path for.
public enum DataFormat: String, Codable, Sendable, CaseIterable {
  /// Lists of AffectNet's first release: one, or all in a folder.
  case affectNet = "affectnet"
  /// AffectNet's later release: the folder of a split, or the one with both.
  case affectNetArrays = "affectnet-arrays"
  /// Triplets of faces: one list, or all in a folder.
  case fec
  /// RAF-DB's folder.
  case rafDB = "rafdb"
  /// RECOLA's folder.
  case recola
  /// A folder of faces without labels.
  case faces
  /// A list of faces without labels.
  case faceList = "face-list"
  /// A folder of sounds with RAVDESS's names.
  case ravdess
  /// Lists of utterances: one, or all in a folder.
  case speech
  /// Tar shards: their index, their names, or a folder of them.
  case shards
  /// A folder of films and sounds without labels.
  case media
  /// A folder of several data sets.
  case corpus

  /// What people call it.
  public var title: String {
    switch self {
    case .affectNet: "AffectNet, first release"
    case .affectNetArrays: "AffectNet, later release"
    case .fec: "facial expression comparison (FEC)"
    case .rafDB: "RAF-DB"
    case .recola: "RECOLA (AVEC 2016)"
    case .faces: "faces without labels, a folder"
    case .faceList: "faces without labels, a list"
    case .ravdess: "RAVDESS"
    case .speech: "labelled speech"
    case .shards: "tar shards"
    case .media: "films and sounds without labels"
    case .corpus: "several data sets"
    }
  }
}
