import Foundation
import TestSupport
import Testing

@testable import Launcher
@testable import Trainer

@Suite("How runs and sweeps stand")
struct StatusTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A run of 40 updates of 8 samples, in which 10 were made.
  private func makeRun(_ name: String) throws {
    _ = try folder.write(
      "stage: audio\ndata: {root: voices}\nbatch: {global: 8, micro: 8}\ntrain: {epochs: 100, max_steps: 40}\n",
      to: "\(name)/config.yaml")
    _ = try folder.write(
      #"""
      {"step":10,"epoch":0.5,"split":"training","loss":2.5,"utterances_per_second":16}
      {"step":10,"epoch":0.5,"split":"validation","loss":3.5}
      {"step":11,"ep
      """#, to: "\(name)/metrics.jsonl")
    _ = try folder.write("step-00000010\n", to: "\(name)/checkpoints/latest")
  }

  private func status(_ name: String) throws -> WorkStatus {
    try #require(Surveyor().survey(["\(folder.path)/\(name)"]).first)
  }

  @Test("a run tells its updates, its loss and where it stands")
  func runs() throws {
    try makeRun("run")
    let stopped = try status("run")
    #expect(stopped.kind == "audio" && stopped.state == .stopped)
    #expect(stopped.done == 10 && stopped.total == 40 && stopped.value == 2.5)
    #expect(stopped.rate == nil && stopped.secondsLeft == nil && stopped.host == nil)

    let lease = try RunLease(folder: "\(folder.path)/run") { _ in }
    let running = try status("run")
    #expect(running.state == .running && running.host == ProcessInfo.processInfo.hostName)
    // 30 updates of 8 samples, 16 a second.
    #expect(running.rate == 16 && running.secondsLeft == 15)
    lease.release()

    CrashReport(
      rank: 1, worldSize: 2, host: "n2", process: 7, time: Date(), activity: "a step",
      exitCode: 70, error: "the loss is not finite\nand more"
    ).write(to: "\(folder.path)/run/crash/rank-0001.json")
    let failed = try status("run")
    #expect(failed.state == .failed && failed.detail == "the loss is not finite")

    _ = try folder.write("", to: "run/final/model.safetensors")
    #expect(try status("run").state == .finished)
  }

  @Test("starts are counted, those of the launcher that wrote them")
  func restarts() throws {
    try makeRun("run")
    #expect(try status("run").restarts == nil)
    _ = try folder.write(
      """
      2026-01-31 12:00:00 aver-launch: starting 2 ranks with mpirun, run r, from the beginning
      2026-01-31 12:01:00 aver-launch: rank 1 on n2 was killed by signal 9; starting again in 1 s
      2026-01-31 12:01:01 aver-launch: starting 2 ranks with mpirun, run r, from step 10

      """, to: "run/logs/launcher.log")
    #expect(try status("run").restarts == 1)
    // Who pauses because that was wanted is not started "again".
    let log = URL(fileURLWithPath: "\(folder.path)/run/logs/launcher.log")
    let before = try Data(contentsOf: log)
    let more = """
      2026-01-31 12:02:00 aver-launch: the job pauses at step 20
      2026-01-31 12:03:00 aver-launch: starting 2 ranks with mpirun, run r, from step 20

      """
    try (before + Data(more.utf8)).write(to: log)
    #expect(try status("run").restarts == 1)
    try before.write(to: log)
    #expect(
      LaunchLog.lastSentence(ofRun: "\(folder.path)/run")
        == "starting 2 ranks with mpirun, run r, from step 10")
  }

  @Test("a folder of runs gives a row for each, others are refused")
  func folders() throws {
    try makeRun("runs/b")
    try makeRun("runs/a")
    _ = try folder.write("notes", to: "runs/notes/text")
    let table = StatusTable.table(of: try Surveyor().survey(["\(folder.path)/runs"]))
    let lines = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.count == 3 && lines[0].prefix(4) == ["PATH", "KIND", "STATE", "DONE"])
    #expect(lines[1].prefix(5) == ["\(folder.path)/runs/a", "audio", "stopped", "10/40", "2.5"])
    let json = try StatusTable.text(of: ["\(folder.path)/runs"], isJSON: true)
    let list = try JSONDecoder().decode([WorkStatus].self, from: Data(json.utf8))
    #expect(list.map(\.path) == ["a", "b"].map { "\(folder.path)/runs/\($0)" })
    for path in ["\(folder.path)/runs/notes", "\(folder.path)/nothing"] {
      #expect(throws: LaunchError.noWork(path)) { try Surveyor().survey([path]) }
      #expect(throws: LaunchError.noWork(path)) { try ReportPages.page(of: path) }
    }
  }

  @Test("the page of a folder leads to those that there are, whatever runs are called")
  func pages() throws {
    for name in ["plain", "javascript:alert(1)", "<b> & \"quotes\"?"] {
      try makeRun("runs/\(name)")
      #expect(throws: LaunchError.noReport("\(folder.path)/runs/\(name)")) {
        try ReportPages.page(of: "\(folder.path)/runs/\(name)")
      }
    }
    for name in ["javascript:alert(1)", "<b> & \"quotes\"?"] {
      let page = try folder.write("", to: "runs/\(name)/report.html")
      #expect(try ReportPages.page(of: "\(folder.path)/runs/\(name)") == page)
    }
    let path = try ReportPages.page(of: "\(folder.path)/runs")
    #expect(path == "\(folder.path)/runs/report.html")
    let page = try folder.text(of: "runs/report.html")
    let links = page.components(separatedBy: "href=\"").dropFirst().map {
      $0.prefix { $0 != "\"" }
    }
    #expect(
      links == [
        "./%3Cb%3E%20&amp;%20%22quotes%22%3F/report.html", "./javascript%3Aalert(1)/report.html",
      ])
    #expect(page.contains("plain") && page.contains("10/40") && !page.contains("<b> &"))
  }
}
