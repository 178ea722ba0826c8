import Foundation

extension SpeechManifest {
  /// The list as bytes, for the way to other ranks: JSON, which keeps every number's bits.
  public func packed() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) }

  /// Takes over what `packed` gave.
  ///
  /// - Parameter file: the name for the error.
  /// - Throws: `DatasetError.packedList`.
  public init(packed bytes: [UInt8], file: String) throws {
    do {
      self = try JSONDecoder().decode(SpeechManifest.self, from: Data(bytes))
    } catch {
      throw DatasetError.packedList(file: file, reason: "\(error)")
    }
  }

  /// The utterances of a split, as the set itself says or as its speakers are dealt out.
  ///
  /// - Parameter speakers: nil for the set's own column.
  public func part(_ split: Split, by speakers: SpeakerSplit?) -> SpeechManifest {
    var part = self
    part.records = records.filter { record in
      (speakers.map { $0.split(of: record.speaker) } ?? record.split) == split
    }
    return part
  }

  /// The class of each utterance; −1 where the data set does not say.
  public var classOfSample: [Int] { records.map { $0.emotion?.rawValue ?? -1 } }

  /// For each class, the weight that gives all classes present the same sum of weights, 1 on average over
  /// the utterances with a class; 0 for classes that are absent.
  public var classWeights: [Float] {
    var counts = [Int](repeating: 0, count: VocalEmotion.allCases.count)
    for record in records { if let emotion = record.emotion { counts[emotion.rawValue] += 1 } }
    let total = Double(counts.reduce(0, +))
    let present = Double(counts.count { $0 > 0 })
    return counts.map { $0 == 0 ? 0 : Float(total / (present * Double($0))) }
  }

  /// Gives `body` the bytes that training depends on: paths, labels, speakers and places in files, in
  /// their order. Where the list lies is not among them, nor are the lines.
  public func forEachDecidingPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for record in records {
      var deciding = record
      deciding.line = 0
      try encoder.encode(deciding).withUnsafeBytes { try body($0) }
    }
  }
}
