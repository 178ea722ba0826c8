import Foundation
import Testing

@testable import Datasets

private func read(
  _ text: String, onError: ErrorPolicy = .fail
) throws -> (training: FaceManifest, test: FaceManifest) {
  let scratch = try Scratch()
  _ = try scratch.file("EmoLabel/list_patition_label.txt", text)
  return try FaceManifest.rafDB(root: scratch.path, onError: onError)
}

private let two = "train_00001.jpg 5\ntest_0001.jpg 7\n"

@Suite struct RAFDBTests {
  @Test func namesTellSplitAndImage() throws {
    let lines = (1...7).map { "train_0000\($0).jpg \($0)" } + ["test_0001.jpg\t 4"]
    let (training, test) = try read(lines.joined(separator: "\r\n"))
    #expect(
      training.records.map(\.expression)
        == [.surprise, .fear, .disgust, .happy, .sad, .anger, .neutral])
    #expect(
      test.records == [
        FaceRecord(
          imagePath: "Image/aligned/test_0001_aligned.jpg", faceBox: nil, expression: .happy,
          valence: nil, arousal: nil, line: 8)
      ])
    #expect(training.records[2].imagePath == "Image/aligned/train_00003_aligned.jpg")
  }

  @Test(arguments: [
    ("train_1.jpg", "'train_1.jpg' is not an image and its code, such as train_00001.jpg 5"),
    (
      "train_1.jpg 5 5", "'train_1.jpg 5 5' is not an image and its code, such as train_00001.jpg 5"
    ),
    ("train_1.jpg 0", "column 'label': '0' is not a code of the basic set (1 to 7)"),
    ("train_1.jpg 11", "column 'label': '11' is not a code of the basic set (1 to 7)"),
    ("val_1.jpg 1", "column 'image': 'val_1.jpg' is not train_ or test_, a number and .jpg"),
    ("train_.jpg 1", "column 'image': 'train_.jpg' is not train_ or test_, a number and .jpg"),
    ("train_1.png 1", "column 'image': 'train_1.png' is not train_ or test_, a number and .jpg"),
    (
      "train_../../1.jpg 1",
      "column 'image': 'train_../../1.jpg' is not train_ or test_, a number and .jpg"
    ),
    ("train_00001.jpg 4", "'train_00001' is in line 1 already"),
  ])
  func badLineIsNamed(line: String, problem: String) throws {
    let error = #expect(throws: DatasetError.self) { _ = try read(two + line) }
    #expect(try "\(#require(error))".hasSuffix("list_patition_label.txt:3: \(problem)"))
    let (training, test) = try read(two + line, onError: .skip(limit: 1))
    #expect(training.problems.map(\.line) == [3] && test.records.count == 1)
  }

  @Test func splitWithoutFacesIsRefused() throws {
    #expect(throws: DatasetError.self) { _ = try read("train_00001.jpg 5\n") }
    #expect(throws: DatasetError.self) { _ = try read("test_0001.jpg 5\n") }
    #expect(throws: DatasetError.self) { _ = try read("") }
  }

  @Test func mutationsOfTheListAreReadOrRefused() throws {
    let scratch = try Scratch()
    let text = (11...30).map { "train_000\($0).jpg \($0 % 7 + 1)\n" }.joined() + two
    let mutations = Mutations(seed: formatSeed("RAF-DB"), original: [UInt8](text.utf8))
    try mutations.run("RAF-DB", file: FaceManifest.rafDBList, in: scratch) { _, comment in
      let (training, test) = try FaceManifest.rafDB(root: scratch.path, onError: .fail)
      let paths = [training, test].flatMap { $0.records.map(\.imagePath) }
      #expect(Set(paths).count == paths.count, comment)
      #expect(
        paths.allSatisfy { $0.hasPrefix("Image/aligned/t") && !$0.contains("..") }, comment)
    }
  }
}
