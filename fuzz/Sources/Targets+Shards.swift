import Foundation

@testable import Datasets

extension FuzzTarget {
  /// Shards as they are, and with checksums made right: few changes would get past them.
  static var tar: FuzzTarget {
    let file = ScratchFile("shard.tar")
    let seeds = [
      [("a.jpg", "pixels"), ("a.json", "{\"expression\":1,\"eyes\":[1,2,3,4]}"), ("b.cls", "3")],
      [("./x/1.png", "p"), ("x/1.cls", "8\n"), (String(repeating: "n", count: 120) + ".webp", "")],
    ]
    return FuzzTarget("tar", seeds: seeds.map(archive), declares: { $0 is DatasetError }) { bytes in
      for content in [bytes, withRightChecksums(bytes)] {
        file.write(content)
        var reader = TarReader(try OpenShard(path: file.path))
        var end = 0
        while let member = try? reader.next() {
          let path = Array("/\(member.name)/".utf8)
          require(!path.contains(0), "a NUL byte in '\(member.name)'")
          for way in ["//", "/../"] where path.firstRange(of: Array(way.utf8)) != nil {
            require(false, "'\(member.name)' leaves its folder")
          }
          require(member.extent.lowerBound >= end + 512, "'\(member.name)' begins too early")
          require(member.extent.upperBound <= content.count, "'\(member.name)' ends too late")
          end = member.extent.upperBound
        }
      }
      let manifest = try FaceManifest.scan(
        ShardPattern(file.path), onError: .skip(limit: .max))
      requirePossible(manifest)
      // What a record calls short and plain may have another name in its header: taken for stale.
      let hasRecords = bytes.indices.contains {
        $0 % 512 == 156 && "xL".utf8.contains(bytes[$0])
      }
      if !hasRecords { requireReadable(manifest) }
    }
  }

  static var paxRecords: FuzzTarget {
    FuzzTarget(
      "pax",
      seeds: [
        "11 path=a\n18 size=123456789\n".bytes, PaxRecords.naming("a/ü"), "9 a=b=c\n\n".bytes,
      ],
      declares: { $0 is TarFlaw }
    ) { bytes in
      let records = try PaxRecords(bytes)
      require(records.byteCount ?? 0 >= 0, "a negative size")
      guard let path = records.path else { return }
      let again = try PaxRecords(PaxRecords.naming(path))
      require(again.path == path, "'\(path)' is '\(again.path ?? "")' when written and read again")
    }
  }

  static var shardLabels: FuzzTarget {
    FuzzTarget(
      "labels",
      seeds: [
        #"{"expression":1,"valence":0.5,"arousal":-1,"face_box":[1,2,3,4],"eyes":[1,2.5,3,4]}"#,
        #"{"source":"a\u00e9/b.jpg","expression":10,"valence":-2}"#, "7\n", "{}",
      ].map(\.bytes),
      declares: { $0 is ShardProblem }
    ) { bytes in
      if let labels = try? ShardLabels(classText: bytes) {
        _ = try? labels.record(imagePath: "a.jpg", line: 1)
      }
      let labels = try ShardLabels(json: bytes)
      guard let record = try labels.record(imagePath: "a.jpg", line: 1) else { return }
      requirePossible(FaceManifest(path: "shard", root: "", records: [record]))
      let written = ShardLabels(record)
      let again = try ShardLabels(json: written.json).record(imagePath: "a.jpg", line: 1)
      require(again == record, "\(record) is \(String(describing: again)) when written and read")
    }
  }
}

/// Every sample is where the list says.
private func requireReadable(_ manifest: FaceManifest) {
  guard let shards = OpenShards(of: manifest) else {
    return require(false, "a list of shards without them")
  }
  let reader = ShardReader(shards)
  for index in manifest.records.indices {
    let extent = manifest.records.extent(at: index)
    do {
      let bytes = try reader.bytes(of: index)
      require(bytes.count == extent?.count, "sample \(index) has \(bytes.count) bytes")
    } catch {
      require(false, "sample \(index) cannot be read: \(error)")
    }
  }
}

private func archive(_ members: [(name: String, content: String)]) -> [UInt8] {
  var bytes: [UInt8] = []
  func pad() { bytes += [UInt8](repeating: 0, count: -bytes.count & 511) }
  for member in members {
    let size = member.content.utf8.count
    if let block = TarHeader(name: member.name, byteCount: size).block {
      bytes += block
    } else {
      let records = PaxRecords.naming(member.name)
      bytes += TarHeader(name: "records", byteCount: records.count, kind: .extended).block ?? []
      bytes += records
      pad()
      bytes += TarHeader(name: "long-name", byteCount: size).block ?? []
    }
    bytes += member.content.utf8
    pad()
  }
  return bytes + [UInt8](repeating: 0, count: 1024)
}

/// Gives every block that looks like a header the checksum that it should have.
private func withRightChecksums(_ bytes: [UInt8]) -> [UInt8] {
  var bytes = bytes
  for start in stride(from: 0, to: bytes.count - 511, by: 512)
  where bytes[start + 257..<start + 262].elementsEqual("ustar".utf8) {
    bytes.replaceSubrange(start + 148..<start + 156, with: [UInt8](repeating: 0x20, count: 8))
    let sum = bytes[start..<start + 512].reduce(0) { $0 + Int($1) }
    let digits = Array(String(sum, radix: 8).utf8)
    bytes.replaceSubrange(
      start + 148..<start + 156,
      with: [UInt8](repeating: 0x30, count: 6 - digits.count) + digits + [0, 0x20])
  }
  return bytes
}
