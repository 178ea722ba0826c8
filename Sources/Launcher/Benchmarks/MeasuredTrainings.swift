import Foundation
import Studies

/// What trainings of a tiny network came to with each of some values of three keys, as benchmarks/search-table leaves
/// it; what is between them is taken for the nearest.
public struct MeasuredTrainings: Decodable, SearchSubject {
  /// What a training counts as that failed: more than others come to.
  private static let failed = 100.0

  private let steps: [Int]
  private let optimizers: [String]
  private let rates: [Double]
  private let decays: [Double]
  /// By optimizer, rate, decay and rung.
  private let losses: [[[[Double?]]]]

  /// The trainings that a file tells of.
  ///
  /// - Throws: what `JSONDecoder` does.
  public init(file: String) throws {
    self = try JSONDecoder().decode(
      Self.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
  }

  /// See `SearchSubject`.
  public var rungs: [Int] { steps }

  /// See `SearchSubject`.
  public var space: SearchSpace {
    func factors(_ name: String, _ values: [Double]) -> Parameter {
      let range = (values.min() ?? 1)...(values.max() ?? 1)
      return Parameter(name: name, domain: .numeric(.real(range, isLogarithmic: true)))
    }
    return SearchSpace([
      Parameter(name: "name", domain: .choice(optimizers.map(Choice.text))), factors("rate", rates),
      factors("decay", decays),
    ])
  }

  /// See `SearchSubject`.
  public func value(of assignment: Assignment, after step: Int) -> Double {
    func nearest(_ name: String, _ values: [Double]) -> Int {
      let place = log(assignment[name] ?? 1)
      return values.indices.min { abs(log(values[$0]) - place) < abs(log(values[$1]) - place) } ?? 0
    }
    let optimizer = Int(assignment["name"] ?? 0)
    let course = losses[optimizer][nearest("rate", rates)][nearest("decay", decays)]
    return steps.firstIndex(of: step).flatMap { course[$0] }.map { min($0, Self.failed) }
      ?? Self.failed
  }
}
