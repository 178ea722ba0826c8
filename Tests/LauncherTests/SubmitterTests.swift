import Foundation
import TestSupport
import Testing

@testable import Launcher
@testable import Trainer

@Suite("Handing jobs in")
struct SubmitterTests {
  private let folder: TemporaryFolder
  private let scheduler = SimulatedScheduler { _ in .seconds(60) }

  init() throws { folder = try TemporaryFolder() }

  private func plan(
    _ run: String, each: (key: String, values: [String])? = nil
  ) throws -> SubmissionPlan {
    SubmissionPlan(
      stage: .teacher, clusterFile: try folder.write("nodes: 1\n", to: "cluster.yaml"),
      clusterOverrides: [],
      configurationFile: try folder.write(
        "batch: {global: 8, micro: 8}\ndata: {root: /data}\n", to: "teacher.yaml"),
      overrides: [], arguments: [], run: "\(folder.path)/\(run)", each: each, concurrency: nil,
      name: nil)
  }

  private func submitter(say: @escaping (String) -> Void = { _ in }) -> Submitter {
    Submitter(
      workingFolder: folder.path, ownFolder: "/opt/aver/bin",
      timing: .init(patience: .zero, settling: .zero), say: say
    ) { _ in scheduler }
  }

  @Test("a run is handed in once; after its end it goes on, and where it has finished it does not")
  func once() throws {
    #expect(try submitter().submit(plan("run"), after: []) == "1")
    #expect(throws: LaunchError.self) { try submitter().submit(plan("run"), after: []) }
    scheduler.time += .seconds(100)
    #expect(try submitter().submit(plan("run"), after: []) == "2")
    _ = try folder.write("", to: "run/final/model.safetensors")
    #expect(throws: LaunchError.finished(run: "\(folder.path)/run")) {
      try submitter().submit(plan("run"), after: [])
    }
  }

  @Test("trainings of an array that are done are left out; one that remains is no array")
  func finishedMembers() throws {
    let each = ("seed", ["1", "2", "3"])
    _ = try folder.write("", to: "all/seed=2/final/model.safetensors")
    var said: [String] = []
    _ = try submitter { said.append($0) }.submit(plan("all", each: each), after: [])
    #expect(said == ["\(folder.path)/all: 1 of 3 have finished, and are left out"])
    #expect(
      try SubmissionRecord.members(ofArray: "\(folder.path)/all")?.map {
        ($0 as NSString).lastPathComponent
      } == ["seed=1", "seed=3"])
    scheduler.time += .seconds(100)
    _ = try folder.write("", to: "all/seed=1/final/model.safetensors")
    let job = try submitter().submit(plan("all", each: each), after: [])
    #expect(try SubmissionRecord.read(run: "\(folder.path)/all/seed=3")?.job == job)
    // What waits for the array waits for that one.
    let records = try SubmissionRecord.read(run: "\(folder.path)/all")
    #expect(records?.job == "1" && job == "2")
    #expect(throws: Never.self) {
      try submitter().submit(plan("behind"), after: ["\(folder.path)/all"])
    }
  }

  @Test("two trainings in one folder, and paths under which Slurm writes no log, are refused")
  func folders() throws {
    let same = ("data.root", ["a/b", "a_b"])
    #expect(throws: LaunchError.self) { try submitter().script(of: plan("x", each: same)) }
    #expect(throws: LaunchError.self) { try submitter().script(of: plan("back\\slash")) }
    #expect(throws: Never.self) { try submitter().script(of: plan("per%cent", each: nil)) }
  }

  @Test("what jobs are to wait for has to be there")
  func predecessors() throws {
    for name in ["99999", "\(folder.path)/never"] {
      #expect(throws: LaunchError.self) { try submitter().submit(plan("run"), after: [name]) }
    }
    #expect(!SubmissionRecord.exists(run: "\(folder.path)/run"))
    let first = try submitter().submit(plan("first"), after: [])
    #expect(throws: Never.self) { try submitter().submit(plan("run"), after: [first]) }
  }

  @Test("arrays in a folder are shown, and cancelled, with the runs beside them")
  func folderOfArrays() throws {
    _ = try submitter().submit(plan("runs/array", each: ("seed", ["1", "2"])), after: [])
    _ = try submitter().submit(plan("runs/single"), after: [])
    let surveyor = Surveyor { _ in scheduler }
    let before = try surveyor.survey(["\(folder.path)/runs"])
    #expect(before.map(\.job) == ["1_0", "1_1", "2"])
    #expect(before.allSatisfy { $0.state == .running })
    var said: [String] = []
    try Cancellation(say: { said.append($0) }) { _ in scheduler }.cancel(["\(folder.path)/runs"])
    #expect(said == ["cancelled: job 1_0, 1_1, 2"])
    try Cancellation(say: { said.append($0) }) { _ in scheduler }.cancel(["\(folder.path)/runs"])
    #expect(said.last == "\(folder.path)/runs: nothing runs there, and nothing waits")
  }
}
