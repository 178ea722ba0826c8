import Foundation
import Media
import Testing

@testable import Datasets

/// A row of FEC's list: three addresses and six choices.
private func row(
  _ addresses: [String] = ["http://h/a.jpg", "http://h/b.jpg", "http://h/c.jpg"],
  _ choices: [Int] = [3, 3, 3, 3, 1, 2], type: String = "TWO_CLASS_TRIPLET",
  box: String = "0.25,0.75,0.125,0.5"
) -> String {
  (addresses.map { "\($0),\(box)" } + [type]
    + choices.enumerated().map { "annotator\($0.offset),\($0.element)" }).joined(separator: ",")
}

/// A row on which so many annotators chose the third face.
private func agreeing(_ count: Int) -> String {
  row(
    ["http://h/a.jpg", "http://h/b.jpg", "http://h/c.jpg"],
    [Int](repeating: 3, count: count) + [Int](repeating: 1, count: 6 - count))
}

private let threeImages =
  "url,path\nhttp://h/a.jpg,images/a.jpg\nhttp://h/b.jpg,/far/b.jpg\nhttp://h/c.jpg,c.jpg\n"

private func read(
  _ text: String, map: String = threeImages, agreement: Int = 4, onError: ErrorPolicy = .fail
) throws -> TripletManifest {
  let scratch = try Scratch()
  return try TripletManifest.fec(
    csv: try scratch.file("fec.csv", text), root: "/faces",
    images: try ImageMap(list: try scratch.file("map.csv", map)), agreement: agreement,
    onError: onError)
}

private func message(
  _ text: String, map: String = threeImages, agreement: Int = 4
) throws -> String {
  let error = #expect(throws: DatasetError.self) {
    _ = try read(text, map: map, agreement: agreement)
  }
  return String(try "\(#require(error))".split(separator: "/").last ?? "")
}

@Suite struct FECTests {
  @Test func rowsBecomeTripletsAndFacesAreStoredOnce() throws {
    let urls = ["http://h/a.jpg", "http://h/b.jpg", "http://h/c.jpg"]
    let manifest = try read(
      [
        row(), row([urls[2], urls[0], urls[1]], [1, 1, 1, 1, 1, 1], type: "ONE_CLASS_TRIPLET"),
        row(urls, [2, 2, 2, 2, 2, 3], type: "THREE_CLASS_TRIPLET", box: "0,1,0,1"),
      ].joined(separator: "\r\n"))
    #expect(manifest.imagePaths == ["images/a.jpg", "/far/b.jpg", "c.jpg"])
    #expect(manifest.faces.count == 6)
    #expect(
      manifest.triplets == [
        Triplet(faces: SIMD3(0, 1, 2), oddOneOut: 2, type: .twoClasses, line: 1),
        Triplet(faces: SIMD3(2, 0, 1), oddOneOut: 0, type: .oneClass, line: 2),
        Triplet(faces: SIMD3(3, 4, 5), oddOneOut: 1, type: .threeClasses, line: 3),
      ])
    #expect(
      manifest.faces[1]
        == .init(image: 1, box: FractionalBox(left: 0.25, right: 0.75, top: 0.125, bottom: 0.5)))
    #expect(manifest.path(of: manifest.faces[0]) == "/faces/images/a.jpg")
    #expect(manifest.path(of: manifest.faces[1]) == "/far/b.jpg")
  }

  @Test func fractionsBecomePixelsOfTheImage() {
    let box = FractionalBox(left: 0.25, right: 0.75, top: 0.1, bottom: 0.9)
    #expect(
      box.pixels(in: ImageSize(width: 200, height: 11))
        == FaceBox(x: 50, y: 1, width: 100, height: 9))
    let edge = FractionalBox(left: 0.999, right: 1, top: 0, bottom: 0.001)
    #expect(
      edge.pixels(in: ImageSize(width: 10, height: 10)) == FaceBox(x: 9, y: 0, width: 1, height: 1))
    #expect(
      edge.pixels(in: ImageSize(width: 1, height: 1)) == FaceBox(x: 0, y: 0, width: 1, height: 1))
  }

  @Test func rowsOfTooLittleAgreementAreCounted() throws {
    let rows = [
      row(), agreeing(6), agreeing(5), agreeing(4), agreeing(3),
      row(["http://h/a.jpg", "http://h/b.jpg", "http://h/c.jpg"], [1, 1, 2, 2, 3, 3]),
    ].joined(separator: "\n")
    for (agreement, kept) in [(4, 4), (5, 2), (6, 1)] {
      let manifest = try read(rows, agreement: agreement)
      #expect(manifest.triplets.count == kept && manifest.disagreeing == 6 - kept)
      #expect(manifest.triplets.allSatisfy { $0.oddOneOut == 2 })
    }
    let error = #expect(throws: DatasetError.self) { _ = try read(rows, agreement: 3) }
    #expect(try "\(#require(error))" == "agreement: 3 of 6 annotators is not 4 to 6")
  }

  @Test func missingImagesAreCountedAndNotFatal() throws {
    let gone = row(["http://h/x.jpg", "http://h/y.jpg", "http://h/a.jpg"])
    let manifest = try read([gone, row(), gone].joined(separator: "\n"))
    #expect(manifest.triplets.map(\.line) == [2] && manifest.imagePaths.count == 3)
    #expect(
      manifest.missing
        == .init(addresses: 2, triplets: 2, examples: ["http://h/x.jpg", "http://h/y.jpg"]))
    #expect(
      try message(gone)
        == "fec.csv: no usable triplet: of 1 rows 0 are malformed, on 0 fewer than 4 annotators "
        + "agree, 1 lack an image")
  }

  @Test(arguments: [
    ("a,b,c", "has 3 fields where FEC's rows have 28"),
    (
      row(type: "FOUR"),
      "column 'triplet_type': 'FOUR' is not one of ONE_CLASS_TRIPLET, TWO_CLASS_TRIPLET, "
        + "THREE_CLASS_TRIPLET"
    ),
    (row(box: "0.5,0.5,0,1"), "column 'right_1': the box ends where it begins or before"),
    (row(box: "0.2,0.5,0.9,0.1"), "column 'bottom_1': the box ends where it begins or before"),
    (row(box: "0.2,1.5,0,1"), "column 'right_1': 1.5 is not a fraction of the image"),
    (row(box: "-0.2,0.5,0,1"), "column 'left_1': -0.2 is not a fraction of the image"),
    (row(box: "nan,0.5,0,1"), "column 'left_1': 'nan' is not a number"),
    (row(box: "0,,0,1"), "column 'right_1': is empty"),
    (row(["a", "", "c"]), "column 'url_2': names no image"),
    (row(["a", "b", "a"]), "two of the three faces are the same"),
    (
      row(["a", "b", "c"], [1, 2, 3, 1, 2, 4]),
      "column 'choice_6': 4 is not one of the three faces"
    ),
    (
      row(["a", "b", "c"], [0, 2, 3, 1, 2, 3]),
      "column 'choice_1': 0 is not one of the three faces"
    ),
  ])
  func malformedRowIsNamedOrSkipped(bad: String, problem: String) throws {
    let text = [row(), bad, row()].joined(separator: "\n")
    let error = #expect(throws: DatasetError.self) { _ = try read(text) }
    #expect(try "\(#require(error))".hasSuffix("/fec.csv:2: \(problem)"))
    let manifest = try read(text, onError: .skip(limit: 1))
    #expect(manifest.triplets.map(\.line) == [1, 3] && manifest.problems.map(\.line) == [2])
  }

  @Test func roundingBeyondTheEdgeIsCutOff() throws {
    let manifest = try read(row(box: "-0.0000001,1.0000001,0,1"))
    #expect(
      manifest.faces[0].box == FractionalBox(left: 0, right: 1, top: 0, bottom: 1))
  }

  @Test func listOfImagesIsStrict() throws {
    #expect(
      try message(row(), map: "url,file\na,b\n")
        == "map.csv:1: column 'path' is missing from the header")
    #expect(try message(row(), map: "url,path\n,b\n") == "map.csv:2: column 'url': is empty")
    #expect(try message(row(), map: "url,path\na,\n") == "map.csv:2: column 'path': names no image")
    #expect(
      try message(row(), map: "url,path\na,b\na,b\na,c\n")
        == "map.csv:4: column 'url': 'a' has another path already")
  }

  @Test func folderRuleFindsImagesByTheirNames() throws {
    let scratch = try Scratch()
    for name in ["images/1/a.jpg", "images/2/b c.jpg", "images/d.jpg"] {
      _ = try scratch.file(name, "")
    }
    let csv = try scratch.file(
      "fec.csv",
      [
        row(["http://h/x/a.jpg?s=1", "http://h/b%20c.jpg#f", "d.jpg"]),
        row(["http://h/x/a.jpg?s=1", "http://h/%2e%2e%2fb.jpg", "d.jpg"]),
      ].joined(separator: "\n"))
    let manifest = try TripletManifest.fec(
      csv: csv, root: scratch.path,
      images: try ImageMap(folder: "images", root: scratch.path), onError: .fail)
    #expect(manifest.imagePaths == ["images/1/a.jpg", "images/2/b c.jpg", "images/d.jpg"])
    #expect(manifest.missing.addresses == 1)
    for face in manifest.faces {
      #expect(FileManager.default.fileExists(atPath: manifest.path(of: face)))
    }
  }

  @Test func mapsAreListsOrFoldersRelativeToTheRootOrAbsolute() throws {
    let scratch = try Scratch()
    _ = try scratch.file("images/1/a.jpg", "")
    _ = try scratch.file("map.csv", "url,path\nhttp://h/a.jpg,elsewhere/a.jpg\n")
    for (path, image) in [
      ("images", "images/1/a.jpg"), ("map.csv", "elsewhere/a.jpg"),
      ("\(scratch.path)/images", "\(scratch.path)/images/1/a.jpg"),
      ("\(scratch.path)/map.csv", "elsewhere/a.jpg"),
    ] {
      let map = try ImageMap(at: path, root: scratch.path)
      #expect(map.path(of: "http://h/a.jpg") == image)
    }
    let error = #expect(throws: DatasetError.self) {
      _ = try ImageMap(at: "none", root: scratch.path)
    }
    #expect(try "\(#require(error))".hasPrefix("\(scratch.path)/none: cannot be read"))
  }

  @Test func folderRuleRefusesWhatIsAmbiguous() throws {
    let scratch = try Scratch()
    for name in ["1/a.jpg", "b.jpg", "c.jpg"] { _ = try scratch.file(name, "") }
    let csv = try scratch.file(
      "fec.csv",
      [row(), row(["http://other/a.jpg", "b.jpg", "c.jpg"])].joined(separator: "\n"))
    let map = try ImageMap(folder: "", root: scratch.path)
    let error = #expect(throws: DatasetError.self) {
      _ = try TripletManifest.fec(csv: csv, root: scratch.path, images: map, onError: .fail)
    }
    #expect(
      try "\(#require(error))"
        == "\(csv):2: 'http://h/a.jpg' and 'http://other/a.jpg' have the same file name; "
        + "write a list of url,path")
    _ = try scratch.file("2/a.jpg", "")
    #expect(throws: DatasetError.self) { _ = try ImageMap(folder: "", root: scratch.path) }
  }

  @Test func mutationsOfAListOfImagesAreReadOrRefused() throws {
    let scratch = try Scratch()
    let mutations = Mutations(seed: formatSeed("url,path"), original: [UInt8](threeImages.utf8))
    try mutations.run("url,path", file: "map.csv", in: scratch) { path, comment in
      let map = try ImageMap(list: path)
      if let found = map.path(of: "http://h/a.jpg") { #expect(!found.isEmpty, comment) }
    }
  }

  @Test func mutationsAreReadOrRefused() throws {
    let scratch = try Scratch()
    let map = try ImageMap(list: try scratch.file("map.csv", threeImages))
    let text = [row(), agreeing(5), row()].joined(separator: "\r\n")
    let mutations = Mutations(seed: formatSeed("FEC"), original: [UInt8](text.utf8))
    try mutations.run("FEC", file: "fec.csv", in: scratch) { path, comment in
      let manifest = try TripletManifest.fec(csv: path, root: "/", images: map, onError: .fail)
      #expect(manifest.triplets.allSatisfy { (0..<3).contains($0.oddOneOut) }, comment)
      #expect(Set(manifest.faces).count == manifest.faces.count, comment)
      for triplet in manifest.triplets {
        #expect(
          (0..<3).allSatisfy { manifest.faces.indices.contains(Int(triplet.faces[$0])) }, comment)
      }
      for box in manifest.faces.map(\.box) {
        #expect(box.left < box.right && box.top < box.bottom, comment)
        #expect(box.left >= 0 && box.right <= 1 && box.top >= 0 && box.bottom <= 1, comment)
      }
    }
  }
}
