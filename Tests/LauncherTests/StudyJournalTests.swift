import Foundation
import Studies
import TestSupport
import Testing

@testable import Launcher
@testable import Trainer

/// Python with Optuna; nil where there is none.
private let optunaPython = PythonScript.interpreter(having: "optuna", named: "AVER_OPTUNA_PYTHON")

@Suite("A search's journal on disk")
struct StudyJournalTests {
  private let folder: TemporaryFolder
  private var path: String { "\(folder.path)/journal.log" }

  init() throws { folder = try TemporaryFolder() }

  private static let date = "2026-01-31T12:00:00+00:00"
  private static let rate = ParameterDomain.numeric(.real(1e-4...1, isLogarithmic: true))
  private static let name = ParameterDomain.choice([
    .text("sgd"), .text("it's \"adamw\"\n"), .nothing,
  ])

  private static let beginning: [JournalRecord] = [
    .createStudy(name: "sweep", direction: .maximize),
    .setStudyAttribute(name: "seed", value: "1"),
  ]

  private static func trial(_ number: Int, objective: Double) -> [JournalRecord] {
    [
      .createTrial(date: date),
      .setParameter(trial: number, name: "rate", domain: rate.journalText, value: 0.1 + 0.2),
      .setParameter(
        trial: number, name: "name", domain: name.journalText, value: Double(number % 3)),
      .setIntermediate(trial: number, step: 10, value: objective / 2),
      .setTrialAttribute(trial: number, name: "run", value: "runs/\(number)"),
      .setState(trial: number, .complete, objective: objective, date: date),
    ]
  }

  private func fill() throws -> StudyJournal {
    let journal = try StudyJournal(path: path, writer: "host-1")
    try journal.append(Self.beginning)
    for number in 0..<3 { try journal.append(Self.trial(number, objective: Double(number))) }
    return journal
  }

  @Test("what was written is there when it is opened once more")
  func reopening() throws {
    let study = try fill().study
    #expect(study.trials.count == 3 && study.best?.number == 2)
    #expect(try StudyJournal(path: path, writer: "host-2").study == study)
  }

  @Test("a trial that Optuna has enqueued is let alone, and a second study is refused")
  func others() throws {
    let journal = try fill()
    let waiting = #"{"op_code":4,"worker_id":"x","study_id":0,"datetime_start":null,"state":4}"#
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data((waiting + "\n").utf8))
    let study = try StudyJournal(path: path, writer: "host-2").study
    #expect(study.trials.map(\.state) == [.complete, .complete, .complete, .waiting])
    #expect(study.best == journal.study.best)
    let second = JournalRecord.createStudy(name: "another", direction: .minimize).line(writer: "x")
    try handle.write(contentsOf: Data((second + "\n").utf8))
    #expect {
      try StudyJournal(path: path, writer: "host-2")
    } throws: {
      "\($0)".contains("begins a second study")
    }
  }

  @Test("wherever a crash has torn it, whole lines stay and the next one follows them")
  func torn() throws {
    _ = try fill()
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for count in stride(from: 0, through: whole.count, by: 7) {
      try whole.prefix(count).write(to: URL(fileURLWithPath: path))
      let journal = try StudyJournal(path: path, writer: "host-1")
      try journal.append([.createTrial(date: Self.date)])
      let text = try folder.text(of: "journal.log")
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      let kept = whole.prefix(count).filter { $0 == UInt8(ascii: "\n") }.count
      #expect(lines.count == kept + 2 && lines.last == "", "\(count)")
      #expect(try StudyJournal(path: path, writer: "host-2").study == journal.study, "\(count)")
    }
  }

  @Test("a broken line in the middle is told with its number")
  func broken() throws {
    _ = try fill()
    let text = try folder.text(of: "journal.log")
    _ = try folder.write(
      text.replacing("\"op_code\":4", with: "\"op_code\":", maxReplacements: 1), to: "journal.log")
    #expect(
      performing: { try StudyJournal(path: path, writer: "host-1") },
      throws: { "\($0)".hasPrefix("\(path):3: it is no line of a journal") })
  }

  @Test(
    "Optuna opens it as it is",
    .enabled(if: optunaPython != nil, "needs a python3 with optuna (AVER_OPTUNA_PYTHON)"))
  func optuna() throws {
    let journal = try fill()
    try journal.append([
      .createTrial(date: Self.date), .setIntermediate(trial: 3, step: 10, value: 0.25),
      .setState(trial: 3, .pruned, objective: nil, date: Self.date),
      .createTrial(date: Self.date),
      .setState(trial: 4, .failed, objective: nil, date: Self.date), .createTrial(date: Self.date),
    ])
    let script = """
      import sys, optuna
      from optuna.storages import JournalStorage
      from optuna.storages.journal import JournalFileBackend
      study = optuna.load_study(
          study_name="sweep", storage=JournalStorage(JournalFileBackend(sys.argv[1])))
      print(study.direction.name, study.best_trial.number, study.user_attrs)
      for trial in study.trials:
          print(trial.number, trial.state.name, trial.value, trial.params,
                trial.intermediate_values, trial.user_attrs)
      """
    let outcome = try PythonScript.run(optunaPython ?? "", script, [path])
    #expect(outcome.status == 0)
    let wanted = #"""
      MAXIMIZE 2 {'seed': '1'}
      0 COMPLETE 0.0 {'rate': 0.30000000000000004, 'name': 'sgd'} {10: 0.0} {'run': 'runs/0'}
      1 COMPLETE 1.0 {'rate': 0.30000000000000004, 'name': 'it\'s "adamw"\n'} {10: 0.5} {'run': 'runs/1'}
      2 COMPLETE 2.0 {'rate': 0.30000000000000004, 'name': None} {10: 1.0} {'run': 'runs/2'}
      3 PRUNED None {} {10: 0.25} {}
      4 FAIL None {} {} {}
      5 RUNNING None {} {} {}

      """#
    #expect(String(decoding: outcome.output, as: UTF8.self) == wanted)
  }
}
