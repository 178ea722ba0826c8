import Foundation

/// A line of `metrics.jsonl`, of which only the numbers matter.
struct MetricsLine: Decodable {
  var step: Double
  var split: MetricsRecord.Split
  /// By name.
  var numbers: [(String, Double)]

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: Key.self)
    step = try members.decode(Double.self, forKey: Key(stringValue: "step"))
    split = try members.decode(MetricsRecord.Split.self, forKey: Key(stringValue: "split"))
    numbers = members.allKeys.compactMap { key in
      (try? members.decodeIfPresent(Double.self, forKey: key)).map { (key.stringValue, $0) }
    }
  }
}

extension MetricsLine {
  /// The lines of a file; what is none, or not yet, is left out.
  static func all(in content: [UInt8]) -> some Sequence<MetricsLine> {
    content.split(separator: UInt8(ascii: "\n")).lazy.compactMap {
      try? JSONDecoder().decode(MetricsLine.self, from: Data($0))
    }
  }
}

/// What an evaluation of a run came to.
package struct ValidationRecord: Equatable, Sendable {
  /// Updates that were made before.
  package let step: Int
  /// Its numbers by name.
  package let values: [String: Double]

  /// The evaluations of the run in a folder so far, by their steps; none where there is no such run.
  ///
  /// - Throws: `TrainerError.system` where they cannot be read.
  package static func all(ofRun path: String) throws -> [ValidationRecord] {
    let content = try DurableFiles.contents(RunFolder(path: path).metrics, limit: .max) ?? []
    return MetricsLine.all(in: content).filter { $0.split == .validation }.map { line in
      ValidationRecord(
        step: Int(line.step), values: Dictionary(line.numbers) { first, _ in first })
    }
  }
}
