import Foundation

/// A line of a search's journal, in the format of Optuna's journal files.
///
/// - Source: Optuna 5.0, `optuna/storages/journal/_storage.py`: operations 0 to 9 and their fields.
public enum JournalRecord: Equatable, Sendable {
  case createStudy(name: String, direction: Direction)
  case setStudyAttribute(name: String, value: String)
  /// One that waits was chosen by another program, and has no date.
  case createTrial(date: String?, isWaiting: Bool = false)
  /// The domain is in the words of `ParameterDomain.journalText`.
  case setParameter(trial: Int, name: String, domain: String, value: Double)
  case setState(trial: Int, Trial.State, objective: Double?, date: String?)
  case setIntermediate(trial: Int, step: Int, value: Double)
  case setTrialAttribute(trial: Int, name: String, value: String)

  /// The record as a line, without its end.
  ///
  /// - Parameter writer: who writes it.
  public func line(writer: String) -> String {
    let fields: [(String, JSONText)] =
      switch self {
      case .createStudy(let name, let direction):
        [("study_name", .text(name)), ("directions", .list([.whole(direction.rawValue)]))]
      case .setStudyAttribute(let name, let value):
        [("study_id", .whole(0)), ("user_attr", .object([(name, .text(value))]))]
      case .createTrial(let date, let isWaiting):
        [("study_id", .whole(0)), ("datetime_start", date.map(JSONText.text) ?? .null)]
          + (isWaiting ? [("state", .whole(Trial.State.waiting.rawValue))] : [])
      case .setParameter(let trial, let name, let domain, let value):
        [
          ("trial_id", .whole(trial)), ("param_name", .text(name)),
          ("param_value_internal", .number(value)), ("distribution", .text(domain)),
        ]
      case .setState(let trial, let state, let objective, let date):
        [
          ("trial_id", .whole(trial)), ("state", .whole(state.rawValue)),
          ("values", objective.map { .list([.number($0)]) } ?? .null),
        ]
          + (date.map { [(state == .running ? "datetime_start" : "datetime_complete", .text($0))] }
            ?? [])
      case .setIntermediate(let trial, let step, let value):
        [
          ("trial_id", .whole(trial)), ("step", .whole(step)),
          ("intermediate_value", .number(value)),
        ]
      case .setTrialAttribute(let trial, let name, let value):
        [("trial_id", .whole(trial)), ("user_attr", .object([(name, .text(value))]))]
      }
    return JSONText.object(
      [("op_code", .whole(operation)), ("worker_id", .text(writer))] + fields
    ).text
  }

  private var operation: Int {
    switch self {
    case .createStudy: 0
    case .setStudyAttribute: 2
    case .createTrial: 4
    case .setParameter: 5
    case .setState: 6
    case .setIntermediate: 7
    case .setTrialAttribute: 8
    }
  }
}

extension ParameterDomain {
  /// The domain as Optuna describes it, JSON within JSON.
  public var journalText: String {
    let (name, attributes): (String, [(String, JSONText)]) =
      switch self {
      case .choice(let choices):
        ("CategoricalDistribution", [("choices", .list(choices.map(\.journalValue)))])
      case .numeric(let domain) where domain.isWhole:
        (
          "IntDistribution",
          [
            ("log", .truth(domain.isLogarithmic)), ("step", .whole(Int(domain.step ?? 1))),
            ("low", .whole(Int(domain.low))), ("high", .whole(Int(domain.high))),
          ]
        )
      case .numeric(let domain):
        (
          "FloatDistribution",
          [
            ("step", domain.step.map(JSONText.number) ?? .null), ("low", .number(domain.low)),
            ("high", .number(domain.high)), ("log", .truth(domain.isLogarithmic)),
          ]
        )
      }
    return JSONText.object([("name", .text(name)), ("attributes", .object(attributes))]).text
  }
}

extension Choice {
  fileprivate var journalValue: JSONText {
    switch self {
    case .text(let text): .text(text)
    case .number(let number): .number(number)
    case .whole(let number): .whole(number)
    case .truth(let truth): .truth(truth)
    case .nothing: .null
    }
  }
}
