import Foundation

@testable import Datasets

extension FuzzTarget {
  static var ravdessName: FuzzTarget {
    FuzzTarget(
      "ravdess", seeds: ["03-01-06-01-02-01-12.wav", "01-02-08-02-01-02-24.mp4"].map(\.bytes),
      declares: { $0 is RAVDESSName.Problem }
    ) { bytes in
      let name = String(decoding: bytes, as: UTF8.self)
      guard let values = try RAVDESSName(file: name[...]) else { return }
      require((1...24).contains(values.actor), "actor \(values.actor)")
      require((1...2).contains(values.statement), "statement \(values.statement)")
    }
  }

  static var shardPattern: FuzzTarget {
    FuzzTarget(
      "shardpattern",
      seeds: ["/a/train-{000000..000009}.tar", "x.tar", "a/{8..11}_b.tar", "{0..1}", "/{1..2}.tar"]
    ) { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      let pattern = try ShardPattern(text)
      require(!pattern.names.isEmpty && !pattern.indexPath.isEmpty, "no shards")
      let first = pattern.names.prefix(1000)
      require(Set(first).count == first.count, "a shard twice")
      let bytes = pattern.names.reduce(0) { $0 + $1.utf8.count }
      require(bytes < 1 << 28, "\(bytes) bytes of names")
    }
  }

  /// Lines are the speakers; of those before an empty line the first are for validation.
  static var speakerSplit: FuzzTarget {
    FuzzTarget("speakersplit", seeds: ["ann\nbob\n\neve\ndan\nann\n", "1\n\n2\n3"]) { bytes in
      let parts = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
      let names = parts.map { String(decoding: $0, as: UTF8.self) }
      let speakers = Set(names)
      let listed = Set(names.prefix { !$0.isEmpty })
      let fraction = Double(bytes.first ?? 0) / 255
      let dealt = try? SpeakerSplit(
        speakers: speakers, validation: fraction, test: 0.25, seed: UInt64(bytes.count))
      if let dealt { requirePartition(dealt, speakers) }
      let split = try SpeakerSplit(
        speakers: speakers, validation: listed, test: Set(names.suffix(2)))
      requirePartition(split, speakers)
    }
  }
}

private func requirePartition(_ split: SpeakerSplit, _ speakers: Set<String>) {
  let parts = [Split.training, .validation, .test].map { split.speakers(of: $0) }
  require(parts.reduce(0) { $0 + $1.count } == speakers.count, "somebody is nowhere, or twice")
  require(!parts[0].isEmpty, "nobody is for training")
  require(Set(parts.joined()) == speakers, "others than there are")
}

extension String {
  var bytes: [UInt8] { Array(utf8) }
}
