import Foundation
import Testing

@testable import Studies

@Suite("A search's journal")
struct JournalRecordTests {
  @Test("domains are described as Optuna does", arguments: StudyGoldens.domains.keys.sorted())
  func domains(name: String) throws {
    let domain = try #require(StudyGoldens.domains[name])
    let found = try JSONSerialization.jsonObject(with: Data(domain.journalText.utf8))
    #expect(found as? NSDictionary == (try StudyGoldens.description(of: name)))
  }

  @Test("lines have Optuna's fields, whatever is in texts")
  func lines() {
    let domain = ParameterDomain.numeric(.real(0...1)).journalText
    #expect(
      JournalRecord.createStudy(name: "a \"b\"\n", direction: .maximize).line(writer: "w")
        == #"{"op_code":0,"worker_id":"w","study_name":"a \"b\"\u000a","directions":[2]}"#)
    #expect(
      JournalRecord.setParameter(trial: 3, name: "rate", domain: domain, value: 0.5)
        .line(writer: "w")
        == #"{"op_code":5,"worker_id":"w","trial_id":3,"param_name":"rate","param_value_internal":0.5,"#
        + #""distribution":"{\"name\":\"FloatDistribution\",\"attributes\":{\"step\":null,\"low\":0.0,"#
        + #"\"high\":1.0,\"log\":false}}"}"#)
    #expect(
      JournalRecord.setIntermediate(trial: 0, step: 4, value: .nan).line(writer: "w")
        == #"{"op_code":7,"worker_id":"w","trial_id":0,"step":4,"intermediate_value":NaN}"#)
    #expect(
      JournalRecord.setState(trial: 0, .failed, objective: nil, date: "2026-01-31T12:00:00+00:00")
        .line(writer: "w")
        == #"{"op_code":6,"worker_id":"w","trial_id":0,"state":3,"values":null,"#
        + #""datetime_complete":"2026-01-31T12:00:00+00:00"}"#)
  }

  private static let records: [JournalRecord] = [
    .createStudy(name: "a \"b\"\n\u{1F600}", direction: .maximize),
    .setStudyAttribute(name: "space", value: "x: 1\n"), .createTrial(date: "2026-01-31T12:00:00Z"),
    .setParameter(
      trial: 0, name: "rate", domain: ParameterDomain.numeric(.real(0...1)).journalText,
      value: 0.1 + 0.2),
    .setTrialAttribute(trial: 0, name: "run", value: "runs/0"),
    .setIntermediate(trial: 0, step: 10, value: -1e-300),
    .setState(trial: 0, .complete, objective: 0.5, date: "2026-01-31T12:00:01Z"),
  ]

  @Test("what is written is read back", arguments: records)
  func roundTrip(record: JournalRecord) throws {
    #expect(try JournalRecord.read(Data(record.line(writer: "w").utf8)) == record)
  }

  @Test("what others add is passed over, what is broken is not")
  func others() throws {
    let read = { (text: String) in try JournalRecord.read(Data(text.utf8)) }
    #expect(try read(#"{"op_code":9,"worker_id":"w","trial_id":0,"system_attr":{"a":[1]}}"#) == nil)
    #expect(
      try read(#"{"op_code":8,"worker_id":"w","trial_id":2,"user_attr":{"note":3}}"#)
        == .setTrialAttribute(trial: 2, name: "note", value: ""))
    for broken in ["", "{", "{}", #"{"op_code":5,"trial_id":0}"#, #"{"op_code":99}"#] {
      #expect(throws: JournalRecord.Unreadable.self) { try read(broken) }
    }
    let value = try read(#"{"op_code":7,"trial_id":0,"step":1,"intermediate_value":NaN}"#)
    guard case .setIntermediate(0, 1, let number) = value else {
      Issue.record("\(String(describing: value))")
      return
    }
    #expect(number.isNaN)
  }

  @Test("a study is what its records say; a trial that has ended stays as it is")
  func study() {
    var study = Study()
    Self.records.forEach { study.apply($0) }
    study.apply(.setState(trial: 0, .failed, objective: nil, date: nil))
    study.apply(.setTrialAttribute(trial: 0, name: "run", value: "another"))
    study.apply(.setIntermediate(trial: 7, step: 1, value: 1))
    #expect(study.direction == .maximize && study.attributes == ["space": "x: 1\n"])
    #expect(
      study.trials == [
        Trial(
          number: 0, state: .complete, assignment: ["rate": 0.1 + 0.2], objective: 0.5,
          intermediate: [10: -1e-300])
      ])
    #expect(study.trialAttributes == [["run": "runs/0"]] && study.best?.number == 0)
  }
}
