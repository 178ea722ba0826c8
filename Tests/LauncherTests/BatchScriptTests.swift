import Foundation
import TestSupport
import Testing

@testable import Launcher
@testable import Trainer

@Suite("Batch scripts")
struct BatchScriptTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A configuration whose steps have 8 micro-batches.
  private func configuration() throws -> String {
    try folder.write("batch: {global: 64, micro: 8}\ndata: {root: /data}\n", to: "teacher.yaml")
  }

  private func plan(
    _ cluster: String, overrides: [String] = [], run: String = "runs/first",
    each: (key: String, values: [String])? = nil, name: String? = nil
  ) throws -> SubmissionPlan {
    let file = try folder.write(cluster, to: "cluster.yaml")
    return SubmissionPlan(
      stage: .teacher, clusterFile: file, clusterOverrides: [],
      configurationFile: try configuration(), overrides: overrides, arguments: [], run: run,
      each: each, concurrency: each == nil ? nil : 2, name: name)
  }

  private func job(_ plan: SubmissionPlan) throws -> BatchJob {
    try plan.job(workingFolder: "/home/user/project", ownFolder: "/opt/aver/bin")
  }

  /// A script with the parts that differ from machine to machine in words.
  private func text(_ plan: SubmissionPlan) throws -> String {
    BatchScript(job: try job(plan)).text.replacing(folder.path, with: "/configs")
  }

  private static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "Scripts")

  private static let slurm = """
    partition: gpu
    account: emotion
    nodes: 2
    node: {cores: 96, numa_domains: 4}
    time: 1-12:00:00
    exclusive: true
    memory: 180G
    options: [--constraint=spr]
    modules: [openmpi/4.1]
    environment: ["UCX_TLS=all"]
    prologue: ["ulimit -c 0"]
    """

  private static let container = """
    nodes: 1
    ranks_per_node: 4
    threads: 2
    launcher: srun
    requeue: false
    container: /images/aver 1.0.sif
    container_options: [--bind=/data]
    """

  @Test(
    "scripts are what somebody has reviewed",
    arguments: [
      ("slurm", false), ("slurm-array", true), ("container", false), ("pbs", false),
      ("pbs-array", true),
    ])
  func golden(name: String, isArray: Bool) throws {
    let cluster =
      switch name {
      case "slurm", "slurm-array": Self.slurm
      case "container": Self.container
      default: Self.slurm.replacing("options: [--constraint=spr]", with: "scheduler: pbs")
      }
    let plan = try plan(
      cluster, overrides: ["optimizer.learning_rate=0.02"],
      each: isArray ? ("seed", ["1", "2", "3"]) : nil)
    let file = Self.scripts.appending(path: "\(name).sh")
    let written = try text(plan)
    // To be reviewed before it is kept.
    if ProcessInfo.processInfo.environment["AVER_WRITE_SCRIPTS"] != nil {
      try Data(written.utf8).write(to: file)
    }
    #expect(written == (try? String(contentsOf: file, encoding: .utf8)), "\(file.path)")
  }

  @Test("the script that is handed in by hand does the same")
  func shippedScript() throws {
    let shipped = Self.scripts.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "cluster/train.sbatch")
    let text = try String(contentsOf: shipped, encoding: .utf8)
    for part in [
      BatchScriptText.preamble, BatchScriptText.slurm, BatchScriptText.slurmRequeue,
      BatchScriptText.conclusion,
    ] {
      #expect(text.contains(part))
    }
  }

  /// Texts that would do something in a shell, a directive or a file name.
  private static let hostile = [
    "it's", "a b", "$(touch hacked)", "`touch hacked`", "\"; touch hacked; \"",
    "new\nline\ntouch hacked",
    "*", "~", "\\", "-rf", "#", "!!", "a;b|c&d<e>f", "'\u{301}", "%j%%", "{a,b}",
  ]

  @Test("no text of anybody's runs in a script, and all of it arrives", arguments: hostile)
  func hostileText(text: String) throws {
    let recorder = """
      #!/bin/bash
      printf '%s\\0' "$@" "$VALUE" "$PWD" > "$RECORD"
      """
    let launcher = try folder.write(recorder, to: "bin/aver-launch")
    try #require(chmod(launcher, 0o755) == 0)
    let yaml = { (text: String) in text.yaml }
    let cluster = """
      environment: [\(yaml("VALUE=\(text)"))]
      container: \(yaml(text))
      launcher_options: [\(yaml(text))]
      executables: \(yaml("\(folder.path)/bin"))
      """
    let work = "\(folder.path)/work \(text.replacing("/", with: ""))"
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
    // Slurm writes no log there.
    let run = "runs/\(text.replacing("\\", with: ""))"
    let plan = try plan(
      cluster, overrides: ["data.root=\(text.yaml)"], run: run, name: text)
    let script = BatchScript(job: try plan.job(workingFolder: work, ownFolder: "/nowhere")).text
    let file = try folder.write(script, to: "job.sh")
    let outcome = try ExternalCommand().run(
      ["env", "RECORD=\(folder.path)/record", "bash", file])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let words = try folder.text(of: "record").split(
      separator: "\0", omittingEmptySubsequences: false
    )
    .map(String.init)
    #expect(words.contains(run) && words.contains("data.root=\(text.yaml)"))
    #expect(words.contains("--wrapper=\(text)") && words.contains("--launcher-argument=\(text)"))
    #expect(words.suffix(3) == [text, work, ""])
    let hacked = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix("hacked") && !$0.contains("touch") }
    #expect(hacked.isEmpty)
    let directives = script.split(separator: "\n").filter { $0.hasPrefix("#SBATCH") }
    #expect(directives.count == 8 && directives.allSatisfy { !$0.contains("touch hacked") })
  }

  @Test("a shell gets the words back that were quoted", arguments: hostile + [""])
  func quoting(text: String) throws {
    let outcome = try ExternalCommand().run(["bash", "-c", "printf '%s.' \(text.shellQuoted)"])
    #expect(outcome.output == text + ".")
  }

  @Test(
    "a job's name is one that schedulers take",
    arguments: [
      ("teacher", "teacher"), ("it's $(x)", "it-s---x-"), ("--wrap=x", "aver-wrap-x"),
      ("2nd", "aver-2nd"), ("", "aver"), ("é", "aver-"),
    ])
  func names(text: String, name: String) {
    #expect(JobName(text).description == name)
    #expect(JobName(String(repeating: "a", count: 300)).description.count == 64)
  }

  @Test("a rank in each NUMA domain, with its cores, unless somebody wants it otherwise")
  func placement() throws {
    let node = "node: {cores: 96, numa_domains: 4}"
    let usual = try job(plan(node))
    #expect((usual.ranks, usual.threads) == (4, 24))
    #expect(usual.binding == ["--map-by", "ppr:1:numa:PE=24", "--bind-to", "core"])
    #expect(usual.trainings[0].contains("threads=24"))
    let denser = try job(plan("\(node)\nranks_per_node: 8\nthreads: 12"))
    #expect(denser.binding[1] == "ppr:2:numa:PE=12")
    // The cores of a domain are not those of a rank then.
    let own = try job(plan("\(node)\nranks_per_node: 2", overrides: ["threads=3"]))
    #expect((own.threads, own.binding[1]) == (3, "slot:PE=3"))
    #expect(own.trainings[0].suffix(2) == ["--", "threads=3"])
    let unknown = try job(plan("nodes: 2"))
    #expect((unknown.ranks, unknown.threads) == (2, 1))
  }

  @Test(
    "what cannot be is refused with the place",
    arguments: [
      ("nodes: 3", "3 ranks cannot share"), ("node: {cores: 4}\nthreads: 8", "want 8 cores"),
      ("partition: 'a b'", "cluster.yaml:1: partition: must be"),
      ("options: ['-C x\\nrm']\npartition: \"a\\nb\"", "cluster.yaml:2: partition: must be"),
      ("environment: [\"A B=c\"]", "must be NAME=value"),
      ("partion: x", "did you mean 'partition'?"),
      ("time: 1:00\nsignal_seconds: 60", "is no longer than signal_seconds"),
      ("time: tomorrow", "must be minutes, HH:MM:SS"),
    ])
  func refusals(cluster: String, words: String) throws {
    #expect(
      performing: { try job(plan(cluster)) },
      throws: { "\($0)".contains(words) && ExitStatus(of: $0) == .usage })
    #expect(
      performing: { try job(plan("nodes: 1", each: ("seed", ["1", "x"]))) },
      throws: { "\($0)".contains("argument 'seed=x': seed: expected a whole number") })
  }
}
