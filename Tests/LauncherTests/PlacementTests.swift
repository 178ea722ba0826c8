import Foundation
import Testing

@testable import Launcher
@testable import Trainer

@Suite("Hosts")
struct HostListTests {
  @Test("a list of hosts is read with slots, one where it says none, and repeated hosts add up")
  func list() throws {
    #expect(try HostList(list: "a:4,b:2").text == "a:4,b:2")
    #expect(try HostList(list: "a,b,a:3").text == "a:4,b:1")
    #expect(try HostList(list: "a:4,b:2").slots == 6)
  }

  @Test(
    "a list that makes no sense is refused", arguments: ["", "a:", "a:x", "a:0", ":4", "a:1:2"])
  func brokenList(list: String) {
    #expect(throws: LaunchError.self) { try HostList(list: list) }
  }

  @Test("a file of hosts is read as Open MPI reads it")
  func file() throws {
    let path = NSTemporaryDirectory() + "aver-hosts-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "# cluster\n\nn1 slots=4 max_slots=8\n  n2\tslots=2 # old\nn3\n".write(
      toFile: path, atomically: true, encoding: .utf8)
    #expect(try HostList(file: path).text == "n1:4,n2:2,n3:1")
    try "n1 slots=4\nn2 slots=four\n".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: LaunchError.hosts("--hostfile \(path):2: expected 'HOST slots=N'")) {
      try HostList(file: path)
    }
    #expect(throws: LaunchError.self) { try HostList(file: "\(path).absent") }
  }

  @Test(
    "Slurm's lists of nodes and tasks are read",
    arguments: [
      ("n1", "4", "n1:4"), ("n[1-3]", "4(x3)", "n1:4,n2:4,n3:4"),
      ("n[08-10,12],gpu", "4(x2),2(x3)", "n08:4,n09:4,n10:2,n12:2,gpu:2"),
      ("a[1-2],b[3]", "1(x3)", "a1:1,a2:1,b3:1"),
    ])
  func slurm(nodes: String, tasks: String, text: String) throws {
    let allocation = try #require(
      SlurmAllocation([
        "SLURM_JOB_ID": "1", "SLURM_JOB_NODELIST": nodes, "SLURM_TASKS_PER_NODE": tasks,
      ]))
    #expect(HostList(allocation)?.text == text)
  }

  @Test(
    "what cannot be understood of Slurm's lists is not guessed",
    arguments: [
      ("n[1-2", "1(x2)"), ("n[1-2]", "1"), ("n[2-1]", ""), ("n1", "x"), ("n[1-2]x", "1(x2)"),
    ]
  )
  func brokenSlurm(nodes: String, tasks: String) throws {
    let allocation = try #require(
      SlurmAllocation([
        "SLURM_JOB_ID": "1", "SLURM_JOB_NODELIST": nodes, "SLURM_TASKS_PER_NODE": tasks,
      ]))
    #expect(HostList(allocation) == nil)
  }
}

@Suite("Placement")
struct PlacementTests {
  private func placement(_ ranks: Int?, _ hosts: String?) throws -> Placement {
    Placement(ranks: ranks, hosts: try hosts.map { try HostList(list: $0) }, isChosen: true)
  }

  @Test("without a number, ranks take all slots, or are one")
  func defaultRanks() throws {
    #expect(try placement(nil, "a:4,b:4").ranks == 8)
    #expect(try placement(nil, nil).ranks == 1)
    #expect(try placement(2, "a:4").ranks == 2)
  }

  @Test("a host is left out, and ranks stay where the others have room for them")
  func leftOut() throws {
    var placement = try placement(8, "a:4,b:4,c:4")
    #expect(placement.avoid("b", mayHalve: false) == .leftOut(host: "b", ranks: 8))
    #expect(placement.hosts?.text == "a:4,c:4")
    #expect(placement.leftOut == ["b"])
  }

  @Test("where they have none, ranks are halved as often as it takes and no more")
  func halvedToFit() throws {
    var placement = try placement(16, "a:8,b:4,c:4")
    #expect(placement.avoid("a", mayHalve: false) == .leftOut(host: "a", ranks: 8))
    #expect(placement.avoid("c", mayHalve: false) == .leftOut(host: "c", ranks: 4))
  }

  @Test("the last host stays, with half the ranks down to one, where the job gets nowhere")
  func lastHost() throws {
    for hosts in ["a:4", nil] {
      var placement = try placement(4, hosts)
      #expect(placement.avoid("a", mayHalve: false) == nil)
      #expect(placement.avoid("a", mayHalve: true) == .halved(host: "a", ranks: 2))
      #expect(placement.avoid("a", mayHalve: true) == .halved(host: "a", ranks: 1))
      #expect(placement.avoid("a", mayHalve: true) == nil)
    }
  }

  @Test("a host is known by its name with and without a domain, and not by a part of it")
  func names() throws {
    var placement = try placement(4, "n1.cluster:2,n2.cluster:2,n10.cluster:2")
    #expect(placement.avoid("n1", mayHalve: false) == .leftOut(host: "n1", ranks: 4))
    #expect(placement.hosts?.text == "n2.cluster:2,n10.cluster:2")
    #expect(placement.avoid("n2.other", mayHalve: false) == nil)
  }
}

@Suite("Commands of starts")
struct StartCommandTests {
  private let job = JobDescription(
    stage: .teacher, runFolder: "runs/a b", resume: .never, timeLimit: nil,
    trainerArguments: ["--config", "c.yaml"],
    starterArguments: ["--map-by", "slot:PE=2"])

  private func starter(_ kind: Starter.Kind) -> Starter {
    Starter(kind: kind, path: "/bin/\(kind)", trainer: "/bin/aver-train")
  }

  @Test("words reach mpirun and the trainer as they are")
  func mpirun() throws {
    let placement = Placement(ranks: 4, hosts: try HostList(list: "a:2,b:2"), isChosen: true)
    #expect(
      job.command(with: starter(.mpirun), at: placement, resume: .auto, secondsLeft: nil) == [
        "/bin/mpirun", "--map-by", "slot:PE=2", "-n", "4", "--host", "a:2,b:2", "/bin/aver-train",
        "teacher", "--run", "runs/a b", "--resume", "auto", "--config", "c.yaml",
      ])
  }

  @Test("srun uses PMIx unless the words for it say otherwise; the trainer hears what time is left")
  func srun() {
    let placement = Placement(ranks: 2, hosts: nil, isChosen: false)
    #expect(
      job.command(with: starter(.srun), at: placement, resume: .auto, secondsLeft: 3_725.9) == [
        "/bin/srun", "--mpi=pmix", "--map-by", "slot:PE=2", "--kill-on-bad-exit=1", "--ntasks=2",
        "/bin/aver-train", "teacher", "--run", "runs/a b", "--resume", "auto",
        "--time-limit", "1:02:05", "--config", "c.yaml",
      ])
  }

  @Test("a scheduler's hosts are named once one of them is left out")
  func scheduler() throws {
    var placement = Placement(ranks: 4, hosts: try HostList(list: "a:2,b:2"), isChosen: false)
    #expect(starter(.mpirun).arguments(for: placement) == ["-n", "4"])
    #expect(starter(.srun).arguments(for: placement) == ["--kill-on-bad-exit=1", "--ntasks=4"])
    _ = placement.avoid("a", mayHalve: false)
    #expect(starter(.mpirun).arguments(for: placement) == ["-n", "2", "--host", "b:2"])
    #expect(
      starter(.srun).arguments(for: placement) == [
        "--kill-on-bad-exit=1", "--ntasks=2", "--nodes=1", "--nodelist=b",
      ])
  }

  @Test(
    "all starts but the first go on from the newest checkpoint; a named one is kept to until then")
  func resume() {
    var job = job
    #expect(job.resume(start: 1, hasWrittenCheckpoint: false) == .never)
    #expect(job.resume(start: 2, hasWrittenCheckpoint: false) == .auto)
    job.resume = .checkpoint("old/step-00000005")
    #expect(job.resume(start: 3, hasWrittenCheckpoint: false) == job.resume)
    #expect(job.resume(start: 3, hasWrittenCheckpoint: true) == .auto)
    job.resume = .auto
    #expect(job.resume(start: 1, hasWrittenCheckpoint: false) == .auto)
  }
}
