@testable import Datasets
import Media

extension FuzzTarget {
  static var affectNet: FuzzTarget {
    let header =
      "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
      + "valence,arousal\n"
    let landmarks = (0..<68).map { "\($0).5;\(40 + $0 / 2)" }.joined(separator: ";")
    return FuzzTarget(
      list: "affectnet",
      seeds: [
        header + "1/a.jpg,1,2,30,40,\(landmarks),1,0.5,-0.25\n",
        header + "a.jpg,,,,,,0,-2,-2\r\n\"b,1.jpg\",0,0,9,9,,8,0,0\nc.jpg,0,0,9,9,,7,1e-1,1.0\n",
        "\u{FEFF}expression,arousal,valence,subDirectory_filePath,face_height,face_width,face_y,"
          + "face_x\n3.0,0,0,x.png,5,5,-1,-1\n../y.png,1\n",
      ],
      read: { try FaceManifest.affectNet(csv: $0, root: "/nowhere", onError: $1) },
      problems: \.problems
    ) { manifest in
      requirePossible(manifest)
      let blind = try? FaceManifest.affectNet(
        csv: manifest.path, root: "/nowhere", readsEyes: false, onError: .skip(limit: .max))
      require(
        blind.map { $0.records.count >= manifest.records.count } ?? false,
        "reading the eyes finds rows")
    }
  }

  static var rafDB: FuzzTarget {
    FuzzTarget(
      list: "rafdb", file: FaceManifest.rafDBList,
      seeds: [
        "train_00001.jpg 5\ntest_0001.jpg 7\n",
        "train_1.jpg 1\r\ntrain_2.jpg\t2\rtest_1.jpg 8\n\ntest_2.jpg  3\ntrain_1.jpg 4",
      ],
      read: { path, policy in
        try FaceManifest.rafDB(
          root: String(path.dropLast(FaceManifest.rafDBList.utf8.count + 1)), onError: policy)
      },
      problems: \.training.problems
    ) { lists in
      requirePossible(lists.training)
      requirePossible(lists.test)
      let paths = [lists.training, lists.test].flatMap { $0.records.map(\.imagePath) }
      require(Set(paths).count == paths.count, "an image twice")
    }
  }

  static var unlabeled: FuzzTarget {
    FuzzTarget(
      list: "unlabeled", file: "list.txt",
      seeds: ["a.jpg\n b/c.png \n\n/d e.webp\r\n../f.bmp", "\u{FEFF}a\0b\nc\n"],
      read: { try FaceManifest.unlabeled(list: $0, root: "/nowhere", onError: $1) },
      problems: \.problems, check: requirePossible)
  }

  static var packedList: FuzzTarget {
    let faces = [
      FaceRecord(
        imagePath: "a/b.jpg", faceBox: FaceBox(x: -1, y: 2, width: 30, height: 40),
        eyes: EyeCenters(left: [3, 4], right: [9, 5]), expression: .happy, valence: 0.5,
        arousal: -1, line: 2),
      FaceRecord(
        imagePath: "ü.png", faceBox: nil, expression: nil, valence: nil, arousal: nil, line: 3),
    ]
    let problem = RowProblem(file: "list", line: 4, column: "valence", reason: "is odd")
    let files = FaceManifest(
      path: "list", root: "root", records: faces, problems: [problem], excluded: 1)
    var columns = FaceColumns(hasLocations: true)
    for (face, place) in zip(faces, [512..<700, 1536..<1537]) {
      columns.append(face, extent: place)
    }
    let shards = FaceManifest(
      path: "list", root: "root", columns: columns,
      shards: [
        Shard(name: "a.tar", byteCount: 1024, sampleCount: 1),
        Shard(name: "b/c.tar", byteCount: 2048, sampleCount: 1),
      ])
    let index = ScratchFile("list.index")
    return FuzzTarget(
      "packed", seeds: [files.packed, shards.packed], declares: { $0 is DatasetError }
    ) { bytes in
      index.write(bytes)
      // Its shards are missing, but the index is read and relocated before they are looked for.
      _ = try? FaceManifest.index(path: index.path)
      let manifest = try FaceManifest(packed: bytes, file: "list")
      require(manifest.packed == bytes, "packed bytes that change")
      requirePossible(manifest)
    }
  }
}

/// What every list of faces promises, whatever it was read from.
func requirePossible(_ manifest: FaceManifest) {
  let image = ImageSize(width: 640, height: 480)
  for record in manifest.records {
    require(abs(record.valence ?? 0) <= 1, "valence \(record)")
    require(abs(record.arousal ?? 0) <= 1, "arousal \(record)")
    require(record.faceBox.map { $0.width > 0 && $0.height > 0 } ?? true, "box \(record)")
    require(!record.imagePath.utf8.contains(0), "a NUL byte in \(record)")
    // What a sample's way to its pixels begins with.
    let areas = [nil, FaceAlignment()].map { FaceArea(of: record, in: image, alignment: $0) }
    require(areas.count == 2, "faces have areas")
  }
  require(manifest.classCounts.reduce(0, +) <= manifest.records.count, "classes")
  require(manifest.classWeights.allSatisfy { $0 >= 0 && $0.isFinite }, "weights of classes")
  requireReloadable(manifest)
}

private func requireReloadable(_ manifest: FaceManifest) {
  do {
    let again = try FaceManifest(packed: manifest.packed, file: "packed")
    require(again.records == manifest.records, "other records after packing")
    require(again.problems == manifest.problems, "other problems after packing")
    require(again.shards == manifest.shards, "other shards after packing")
  } catch {
    require(false, "what was packed cannot be read: \(error)")
  }
}
