import Foundation
import Testing

@testable import Datasets

/// A time as the files have it: two decimals.
func ratingTime(_ frame: Int) -> String {
  let hundredths = 4 * frame
  return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

func individualRatings(
  _ frames: Range<Int> = 0..<5, separator: String = ";", header: String? = nil
) -> String {
  let names = header ?? "time;FM1 ;FM2 ;FM3 ;FF1 ;FF2 ;FF3"
  return ([names] + frames.map { "\(ratingTime($0));0.1;0.2;-0.3;0.\($0 % 10);0;-1" })
    .joined(separator: "\n").replacing(";", with: separator) + "\n"
}

let goldHeader = """
  @relation GOLDSTANDARD

  @attribute Instance_name string
  @attribute frameTime numeric
  @attribute GoldStandard numeric


  @data

  """

func goldStandard(
  _ frames: Range<Int> = 0..<5, name: String = "'train_1'", header: String = goldHeader
) -> String {
  header + frames.map { "\(name),\(ratingTime($0)),0.\($0 % 10)5\n" }.joined()
}

/// RECOLA's folders.
struct RECOLAFolder {
  let scratch: Scratch
  var root: String { scratch.path }

  init() throws {
    scratch = try Scratch()
    for dimension in ["arousal", "valence"] {
      try add("ratings_individual/\(dimension)/train_1.csv", individualRatings())
      try add("ratings_gold_standard/\(dimension)/train_1.arff", goldStandard())
    }
    try add("recordings_audio/train_1.wav")
    try add("recordings_video/train_1.mp4")
  }

  func add(_ file: String, _ content: String = "") throws {
    _ = try scratch.file(file, content)
  }

  func remove(_ file: String) throws {
    try FileManager.default.removeItem(atPath: "\(root)/\(file)")
  }

  func read() throws -> RecordingManifest { try RecordingManifest.recola(root: root) }

  func message() throws -> String {
    let error = #expect(throws: DatasetError.self) { _ = try read() }
    return try "\(#require(error))".replacing(root + "/", with: "").replacing(root, with: "ROOT")
  }
}
