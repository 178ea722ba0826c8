import Foundation
import TestSupport
import Testing

@testable import Trainer

@Suite("Metrics files")
struct MetricsTests {
  private func record(
    _ step: Int, _ split: MetricsRecord.Split = .training, loss: Double = 1.5
  ) -> MetricsRecord {
    MetricsRecord(
      step: step, epoch: Double(step) / 4, split: split, values: [("loss", .number(loss))])
  }

  @Test("a record is one line of JSON in the order of its values")
  func line() throws {
    let record = MetricsRecord(
      step: 3, epoch: 0.75, split: .validation,
      values: [
        ("loss", .number(0.1234567)), ("skipped", .integer(2)), ("bad", .number(.nan)),
        ("name", .text("a\"b")),
      ])
    #expect(
      record.line == """
        {"step":3,"epoch":0.75,"split":"validation","loss":0.123457,"skipped":2,"bad":null,\
        "name":"a\\"b"}
        """)
  }

  @Test("a resume keeps what was computed and drops what will be computed again")
  func truncation() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/metrics.jsonl"
    let lines = [record(2), record(4), record(4, .validation), record(6), record(8, .validation)]
    let all = lines.map { $0.line + "\n" }.joined()
    func after(_ step: Int, isEvaluated: Bool, _ content: String) throws -> String {
      _ = try folder.write(content, to: "metrics.jsonl")
      _ = try MetricsFile(path: path, resumingAfter: step, isEvaluated: isEvaluated)
      return try folder.text(of: "metrics.jsonl")
    }
    func first(_ count: Int) -> String { lines.prefix(count).map { $0.line + "\n" }.joined() }
    #expect(try after(8, isEvaluated: true, all) == all)
    #expect(try after(5, isEvaluated: true, all) == first(3))
    #expect(try after(4, isEvaluated: true, all) == first(3))
    #expect(try after(4, isEvaluated: false, all) == first(2))
    #expect(try after(0, isEvaluated: true, all) == "")
  }

  @Test("a torn tail is removed, and lines go on after it")
  func tornTail() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      record(2).line + "\n" + record(4).line.dropLast(9), to: "metrics.jsonl")
    let file = try MetricsFile(path: path, resumingAfter: 4, isEvaluated: true)
    try file.append(record(4))
    #expect(try folder.text(of: "metrics.jsonl") == record(2).line + "\n" + record(4).line + "\n")
  }

  @Test("a line is whole even when it lacks only its line break")
  func missingLineBreak() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(record(2).line, to: "metrics.jsonl")
    try MetricsFile(path: path, resumingAfter: 2, isEvaluated: true).append(record(4))
    #expect(try folder.text(of: "metrics.jsonl") == record(2).line + "\n" + record(4).line + "\n")
  }

  @Test("CRC-32C gives the check values of RFC 3720")
  func checksum() {
    #expect(CRC32C.checksum(of: Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum(of: Array(repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum(of: Array(repeating: 0xFF, count: 32)) == 0x62A8_AB43)
  }

  @Test("events are byte for byte what TensorBoard's own writer makes of them")
  func events() throws {
    let start = Date(timeIntervalSince1970: 1_700_000_000.25)
    let messages = [
      EventMessage(date: start, step: 0, content: .fileVersion("brain.Event:2")),
      EventMessage(date: start, step: 40, content: .sessionStart),
      EventMessage(
        date: Date(timeIntervalSince1970: 1_700_000_001.5), step: 300,
        content: .summary([
          SummaryValue("training/loss", .scalar(1.25)),
          SummaryValue("training/learning_rate", .scalar(0.1)),
        ])),
    ]
    let bytes = messages.flatMap { TensorFlowRecord.frame($0.encoded) }
    #expect(bytes == Array(try golden("events.bin")))
  }

  @Test("an event file of a resumed run tells TensorBoard where it begins")
  func eventFile() throws {
    let folder = try TemporaryFolder()
    let date = Date(timeIntervalSince1970: 1_700_000_000)
    let file = try TensorBoardFile(folder: folder.path, firstStep: 5, host: "node", date: date)
    try file.append(record(6), date: date)
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).first)
    #expect(name.hasPrefix("events.out.tfevents.1700000000.node."))
    let expected = [
      EventMessage(date: date, step: 0, content: .fileVersion("brain.Event:2")),
      EventMessage(date: date, step: 5, content: .sessionStart),
      EventMessage(
        date: date, step: 6, content: .summary([SummaryValue("training/loss", .scalar(1.5))])),
    ].flatMap { TensorFlowRecord.frame($0.encoded) }
    #expect(
      Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)"))) == expected)
  }

  @Test("progress tells step, epoch, loss, rate and the time left")
  func progress() {
    let progress = Progress(
      step: 50, totalSteps: 100, epoch: 1.25, loss: 0.51234, accuracy: 0.75,
      samples: "windows", samplesPerSecond: 123.45, secondsLeft: 3723.2)
    #expect(
      progress.line
        == "step 50/100  epoch 1.25  loss 0.5123  accuracy 0.750  123.5 windows/s  1:02:04 left")
    #expect(progress.bar.hasPrefix("████████████░░░░░░░░░░░░ 50/100"))
  }
}
