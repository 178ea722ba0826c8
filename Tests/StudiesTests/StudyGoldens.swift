import Foundation

@testable import Studies

/// What SciPy and Optuna computed, see `Goldens/generate.py`.
struct StudyGoldens: Decodable {
  /// A density and what is asked of it.
  struct Density: Decodable {
    var domain: String
    var seen: [Double]
    var asked: [Double]
    var logDensity: [Double]

    private enum CodingKeys: String, CodingKey {
      case domain, seen, asked
      case logDensity = "log_density"
    }
  }

  /// A density of several parameters together.
  struct Joint: Decodable {
    var domains: [String]
    var seen: [[Double]]
    var asked: [[Double]]
    var logDensity: [Double]

    private enum CodingKeys: String, CodingKey {
      case domains, seen, asked
      case logDensity = "log_density"
    }
  }

  /// What parameters were worth in a random search.
  struct Search: Decodable {
    struct Trial: Decodable {
      var objective: Double
      var assignment: [String: Double]
    }

    var direction: String
    var trials: [Trial]
    var importances: [String: Double]
  }

  /// The first 128 points of the dimensions 0, 1, 2, 7, 20 and 39.
  var sobol: [[Double]]
  var parzen: [Density]
  var joint: Joint
  var importances: [Search]

  /// The goldens of this folder.
  static func load() throws -> StudyGoldens {
    try JSONDecoder().decode(StudyGoldens.self, from: data())
  }

  /// Optuna's description of a domain.
  static func description(of domain: String) throws -> NSDictionary? {
    let all = try JSONSerialization.jsonObject(with: data()) as? [String: Any]
    return (all?["domains"] as? [String: Any])?[domain] as? NSDictionary
  }

  private static func data() throws -> Data {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return try Data(contentsOf: folder.appending(path: "Goldens/studies.json"))
  }

  /// The domains of the goldens by their names there.
  static let domains: [String: ParameterDomain] = [
    "real": .numeric(.real(-2...3)),
    "logarithmic": .numeric(.real(1e-5...0.1, isLogarithmic: true)),
    "stepped": .numeric(.real(0...1, step: 0.25)),
    "whole": .numeric(.whole(1...9, step: 2)),
    "logarithmic-whole": .numeric(.whole(1...100, isLogarithmic: true)),
    "choice": .choice([
      .text("sgd"), .text("adamw"), .nothing, .whole(1), .number(0.5), .truth(true),
    ]),
  ]
}
