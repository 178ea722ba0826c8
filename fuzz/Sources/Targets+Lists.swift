import Foundation

@testable import Datasets

extension FuzzTarget {
  /// The reader below all lists: rows survive being written and read again.
  static var delimited: FuzzTarget {
    let (list, copy) = (ScratchFile("list.csv"), ScratchFile("copy.csv"))
    return FuzzTarget(
      "delimited",
      seeds: [
        "a,b,c\n1,2,3\r\n\"x,\"\"y\",\" z \"\n\n4", "\u{FEFF}a;b\r1;\"2\n3\"\r\n;\n",
        "\"a\"b,c\t, d\n,,\n",
      ]
    ) { bytes in
      list.write(bytes)
      for dialect in [DelimitedReader.Dialect.commasOrSemicolons, .lines] {
        _ = try? DelimitedReader(file: list.path, dialect: dialect).allRows()
      }
      // With a row before them, so that a first field may begin with what a file may.
      let rows = [["first"]] + (try DelimitedReader(file: list.path).allRows())
      let writer = try ListWriter(copy.path)
      for row in rows { writer.append(row) }
      try writer.finish()
      let again = try DelimitedReader(file: copy.path).allRows()
      // Writers have no way to say that a row holds one empty field.
      require(
        again == rows.filter { $0 != [""] }, "\(rows) are \(again) when written and read again")
    }
  }

  static var fec: FuzzTarget {
    let map = ScratchFile("map.csv")
    map.write(Array("url,path\nhttp://x/a.jpg,a.jpg\nb,b.jpg\nc,/c.jpg\n".utf8))
    let faces = "http://x/a.jpg,0.1,0.5,0,1,b,0,1,0.25,0.75,c,1e-1,.9,-0.0005,1.0005"
    let votes = "ann1,1,ann2,1,ann3,1,ann4,1,ann5,2,ann6,3"
    return FuzzTarget(
      list: "fec",
      seeds: [
        "\(faces),ONE_CLASS_TRIPLET,\(votes)\n",
        "\(faces),TWO_CLASS_TRIPLET,\(votes)\n\(faces.replacing("c,", with: "d,")),"
          + "THREE_CLASS_TRIPLET,\(votes.replacing(",1", with: ",3"))\n",
      ],
      read: { path, policy in
        try TripletManifest.fec(
          csv: path, root: "/nowhere", images: ImageMap(list: map.path), onError: policy)
      },
      problems: \.problems
    ) { manifest in
      for triplet in manifest.triplets {
        require((0...2).contains(triplet.oddOneOut), "\(triplet)")
        for index in 0..<3 {
          let face = manifest.faces[Int(triplet.faces[index])]
          require(!manifest.path(of: face).isEmpty, "a face without a path")
          let box = face.box.pixels(in: .init(width: 3, height: 480))
          require(
            box.x >= 0 && box.width > 0 && box.x + box.width <= 3 && box.height > 0, "\(box)")
        }
      }
    }
  }

  static var imageMap: FuzzTarget {
    let list = ScratchFile("map.csv")
    return FuzzTarget(
      "imagemap",
      seeds: ["url,path\nhttp://x/a.jpg,a.jpg\n\"b,c\",../b.jpg\n", "path,note,url\r\na,1,b\r\n"]
    ) { bytes in
      list.write(bytes)
      let map = try ImageMap(list: list.path)
      require(map.path(of: "nothing like it") == nil || bytes.count > 15, "a path of nothing")
    }
  }

  static var speech: FuzzTarget {
    FuzzTarget(
      list: "speech",
      seeds: [
        "path,speaker,emotion\na.wav,ann,happy\nb.wav,bob,neutral\n",
        "split,path,speaker,valence,arousal,start,end\ntrain,a b.wav,1,0.5,-1,0,1.5\n"
          + "test,../b.wav,2,-2,0,1e1,\nvalidation,/c.wav,3,,1,,2\n",
      ],
      read: { try SpeechManifest.list($0, root: "/nowhere", onError: $1) },
      problems: \.problems
    ) { manifest in
      require(!manifest.records.isEmpty, "no records")
      for record in manifest.records {
        require(abs(record.valence ?? 0) <= 1 && abs(record.arousal ?? 0) <= 1, "\(record)")
        require((0...1e6).contains(record.startSeconds), "\(record)")
        require(record.endSeconds.map { $0 > record.startSeconds } ?? true, "\(record)")
        require(!record.speaker.isEmpty && !record.audioPath.isEmpty, "\(record)")
      }
    }
  }

  static var individualRatings: FuzzTarget {
    let file = ScratchFile("train_1.csv")
    return FuzzTarget(
      "ratings",
      seeds: [
        "time;FM1 ;FM2 ;FM3 ;FF1 ;FF2 ;FF3\n0.00;0;0.1;-0.1;1;-1;0\n0.04;0;0;0;0;0;0\n",
        "time,a,b,c,d,e,f\r\n0.04,0,0,0,0,0,0\r\n0.08,.1,.2,.3,.4,.5,1e-1\r\n",
      ]
    ) { bytes in
      file.write(bytes)
      requirePossible(try TimedTrace(individualRatings: file.path), columns: 6)
    }
  }

  static var goldStandard: FuzzTarget {
    let file = ScratchFile("train_1.arff")
    return FuzzTarget(
      "gold",
      seeds: [
        "@relation gold\n@attribute Instance_name string\n@attribute frameTime numeric\n"
          + "@attribute GoldStandard numeric\n\n@data\n'train_1',0.00,-0.1\n'train_1',0.04,0.5\n",
        "% note\n@RELATION 'a b'\n@ATTRIBUTE \"frameTime\" real\n@ATTRIBUTE goldstandard numeric\n"
          + "@ATTRIBUTE x {a,b}\n@ATTRIBUTE Instance_name string\n@DATA\n%\n0.4,1,a,any\n",
      ]
    ) { bytes in
      file.write(bytes)
      requirePossible(try TimedTrace(goldStandard: file.path, of: "train_1"), columns: 1)
    }
  }

  static var numPy: FuzzTarget {
    func file(_ type: String, _ shape: String, _ data: [UInt8], major: UInt8 = 1) -> [UInt8] {
      let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n"
      let length = [UInt8(header.utf8.count), 0] + (major == 1 ? [] : [0, 0])
      return [0x93] + Array("NUMPY".utf8) + [major, 0] + length + Array(header.utf8) + data
    }
    return FuzzTarget(
      "npy",
      seeds: [
        file("<f8", "()", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]),
        file("<U2", "(1,)", [0x2D, 0, 0, 0, 0x31, 0, 0, 0]),
        file(">i2", "(2L, 2)", [0, 1, 0, 2, 0xFF, 0xFF, 0x80, 0], major: 2),
        file("|S4", "(1, 1)", Array("1e-1".utf8), major: 3), file("|u1", "(0,)", []),
        file("<f2", "(3,)", [0, 0x3C, 0, 0x7C, 1, 0x7E]),
      ],
      declares: { $0 is NumPyArray.Problem }
    ) { bytes in
      let array = try NumPyArray(bytes, most: 136)
      require(array.values.count <= 136, "more numbers than asked for")
      require(array.shape.reduce(1, *) == array.values.count, "numbers and shape")
      let eyes = try? EyeCenters(landmarks: array.values)
      require(eyes.map { $0.left != $0.right } ?? true, "two eyes at one place")
      _ = try array.scalar()
    }
  }
}

private func requirePossible(_ trace: TimedTrace, columns: Int) {
  require(trace.columns.count == columns && trace.frameCount > 0, "columns")
  for column in trace.columns {
    require(column.count == trace.frameCount, "a column of another length")
    require(column.allSatisfy { abs($0) <= 1 }, "a rating beyond 1")
  }
  require((0...25).contains(trace.firstFrame), "the first frame \(trace.firstFrame)")
}

extension DelimitedReader {
  /// All rows, as text.
  fileprivate func allRows() throws -> [[String]] {
    var rows: [[String]] = []
    var last = 0
    while try next() {
      require(line > last, "line \(line) after \(last)")
      require(fieldCount > 0 && bytesRead <= fileBytes, "a row from nowhere")
      last = line
      rows.append((0..<fieldCount).map { String(decoding: field($0), as: UTF8.self) })
    }
    return rows
  }
}
