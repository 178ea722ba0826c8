import Foundation

extension JournalRecord {
  /// A line that is no record.
  public struct Unreadable: Error, Equatable {
    /// What is wrong with it.
    public let reason: String

    /// A line with something wrong.
    public init(reason: String) { self.reason = reason }
  }

  private struct Fields: Decodable {
    var operation: Int
    var studyName: String?
    var directions: [Int]?
    var attributes: [String: Attribute]?
    var begin: String?
    var end: String?
    var trial: Int?
    var parameterName: String?
    var value: Double?
    var domain: String?
    var state: Int?
    var values: [Double]?
    var step: Int?
    var intermediateValue: Double?

    private enum CodingKeys: String, CodingKey {
      case operation = "op_code"
      case studyName = "study_name"
      case attributes = "user_attr"
      case begin = "datetime_start"
      case end = "datetime_complete"
      case trial = "trial_id"
      case parameterName = "param_name"
      case value = "param_value_internal"
      case domain = "distribution"
      case intermediateValue = "intermediate_value"
      case directions
      case state
      case values
      case step
    }
  }

  /// A value that other programs may have given a trial; ours are texts.
  private struct Attribute: Decodable {
    var text: String?

    init(from decoder: any Decoder) throws {
      text = try? decoder.singleValueContainer().decode(String.self)
    }
  }

  /// Reads a line of a journal.
  ///
  /// - Returns: nil for what other programs have added and a search does not need.
  /// - Throws: `Unreadable`.
  public static func read(_ line: some DataProtocol) throws(Unreadable) -> JournalRecord? {
    let decoder = JSONDecoder()
    // Python writes NaN and Infinity, which JSON has not.
    decoder.allowsJSON5 = true
    guard let fields = try? decoder.decode(Fields.self, from: Data(line)) else {
      throw Unreadable(reason: "it is no line of a journal")
    }
    // Notes that other programs keep for themselves, and what they delete of theirs.
    if [3, 9, 10].contains(fields.operation) { return nil }
    let record: JournalRecord? =
      switch fields.operation {
      case 0: createStudy(fields)
      case 2: attribute(fields).map { .setStudyAttribute(name: $0.name, value: $0.value) }
      case 4:
        .createTrial(
          date: fields.begin, isWaiting: fields.state == Trial.State.waiting.rawValue)
      case 5: setParameter(fields)
      case 6: setState(fields)
      case 7: setIntermediate(fields)
      case 8: trialAttribute(fields)
      default: nil
      }
    guard let record else {
      throw Unreadable(reason: "operation \(fields.operation) lacks a field")
    }
    return record
  }

  private static func createStudy(_ fields: Fields) -> JournalRecord? {
    guard let name = fields.studyName, let directions = fields.directions, directions.count == 1,
      let direction = Direction(rawValue: directions[0])
    else { return nil }
    return .createStudy(name: name, direction: direction)
  }

  private static func setParameter(_ fields: Fields) -> JournalRecord? {
    guard let trial = fields.trial, let name = fields.parameterName,
      let domain = fields.domain, let value = fields.value
    else { return nil }
    return .setParameter(trial: trial, name: name, domain: domain, value: value)
  }

  private static func setState(_ fields: Fields) -> JournalRecord? {
    guard let trial = fields.trial, let state = fields.state.flatMap(Trial.State.init) else {
      return nil
    }
    return .setState(
      trial: trial, state, objective: fields.values?.first,
      date: fields.end ?? fields.begin)
  }

  private static func setIntermediate(_ fields: Fields) -> JournalRecord? {
    guard let trial = fields.trial, let step = fields.step,
      let value = fields.intermediateValue
    else { return nil }
    return .setIntermediate(trial: trial, step: step, value: value)
  }

  private static func trialAttribute(_ fields: Fields) -> JournalRecord? {
    guard let trial = fields.trial, let attribute = attribute(fields) else { return nil }
    return .setTrialAttribute(trial: trial, name: attribute.name, value: attribute.value)
  }

  private static func attribute(_ fields: Fields) -> (name: String, value: String)? {
    guard let (name, value) = fields.attributes?.first else { return nil }
    return (name, value.text ?? "")
  }
}
