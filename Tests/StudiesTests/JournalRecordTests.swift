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
    let rate = Parameter(name: "rate", domain: .numeric(.real(0...1)))
    #expect(
      JournalRecord.createStudy(name: "a \"b\"\n", direction: .maximize).line(writer: "w")
        == #"{"op_code":0,"worker_id":"w","study_name":"a \"b\"\u000a","directions":[2]}"#)
    #expect(
      JournalRecord.setParameter(trial: 3, rate, value: 0.5).line(writer: "w")
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
}
