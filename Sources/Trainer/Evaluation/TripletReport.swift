import Datasets
import Foundation

/// How often an embedding finds the two of three faces that people find alike.
struct TripletReport: Sendable, Equatable {
  /// Of each triplet whose faces could all be read, whether the odd one is the farthest from both
  /// others.
  let hits: [Bool]

  /// Triplets whose faces could all be read.
  var samples: Int { hits.count }
  /// The part of them that is right.
  var accuracy: Double {
    hits.isEmpty ? 0 : Double(hits.count { $0 }) / Double(hits.count)
  }

  init(hits: [Bool]) { self.hits = hits }

  /// Tries an embedding on triplets.
  ///
  /// - Parameters:
  ///   - embeddings: `[faces, length]`, not a number for faces that could not be read; padding may follow.
  ///   - length: of an embedding.
  /// - Source: R. Vemulapalli and A. Agarwala, "A compact embedding for facial expression similarity",
  ///   CVPR 2019.
  init(_ triplets: [Triplet], embeddings: [Float], length: Int) {
    func distance(_ first: Int32, _ second: Int32) -> Double {
      (0..<length).reduce(0) { sum, index in
        let difference =
          Double(embeddings[Int(first) * length + index])
          - Double(embeddings[Int(second) * length + index])
        return sum + difference * difference
      }
    }
    hits = triplets.compactMap { triplet in
      let faces = triplet.facesOddLast
      let alike = distance(faces.x, faces.y)
      let others = [distance(faces.x, faces.z), distance(faces.y, faces.z)]
      guard (alike + others[0] + others[1]).isFinite else { return nil }
      return others.allSatisfy { alike < $0 }
    }
  }

  /// The interval of `triplet_accuracy`.
  func intervals(_ bootstrap: Bootstrap) -> [String: ConfidenceInterval] {
    bootstrap.intervals(of: ["triplet_accuracy"], .triplets, over: .samples(hits.count)) { drawn in
      [Double(drawn.count { hits[$0] }) / Double(drawn.count)]
    }
  }

  static var metrics: [EvaluationMetric] {
    [EvaluationMetric("triplet_accuracy", better: .larger)]
  }

  var values: [(name: String, value: MetricValue)] { [("triplet_accuracy", .number(accuracy))] }
  var summary: String { String(format: "triplets %.4f", accuracy) }
  var text: String {
    String(format: "triplets  %.1f %% of %d", 100 * accuracy, samples)
  }
}

extension TripletReport: Encodable {
  private enum Key: CodingKey {
    case samples, accuracy
  }

  func encode(to encoder: any Encoder) throws {
    var members = encoder.container(keyedBy: Key.self)
    try members.encode(samples, forKey: .samples)
    try members.encode(accuracy, forKey: .accuracy)
  }
}
