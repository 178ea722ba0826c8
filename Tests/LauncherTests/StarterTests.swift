import Foundation
import Testing

@testable import Launcher
@testable import Trainer

/// A folder with programs of some names, removed with the value.
private final class ProgramFolder {
  let path = NSTemporaryDirectory() + "aver-programs-\(UUID().uuidString)"

  init(_ names: String..., mode: Int = 0o755) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for name in names {
      _ = FileManager.default.createFile(
        atPath: "\(path)/\(name)", contents: Data(), attributes: [.posixPermissions: mode])
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite("Programs of a job")
struct StarterTests {
  private let own: ProgramFolder

  init() throws { own = try ProgramFolder("aver-train") }

  private func starter(
    _ choice: StarterChoice, in folders: [ProgramFolder], slurm: Bool = false,
    beside: ProgramFolder? = nil
  ) throws -> Starter {
    let environment = LaunchEnvironment(
      worldSize: 1, localLauncher: nil, session: nil, isTerminal: false, scheduled: nil,
      endTime: nil, searchPath: folders.map(\.path), temporaryFolders: [],
      slurm: slurm ? SlurmAllocation(["SLURM_JOB_ID": "1", "SLURM_JOB_NODELIST": "n1"]) : nil)
    return try Starter(choice, environment: environment, trainerBeside: (beside ?? own).path)
  }

  @Test("mpirun goes first; srun takes its place in an allocation of Slurm's, and where asked for")
  func choice() throws {
    let both = try ProgramFolder("mpirun", "srun")
    let slurm = try ProgramFolder("srun")
    #expect(try starter(.auto, in: [both]).path == "\(both.path)/mpirun")
    #expect(try starter(.auto, in: [both], slurm: true).kind == .mpirun)
    #expect(try starter(.auto, in: [slurm], slurm: true).kind == .srun)
    #expect(try starter(.srun, in: [both]).kind == .srun)
    #expect(throws: LaunchError.noStarter(wanted: .auto)) { try starter(.auto, in: [slurm]) }
    #expect(throws: LaunchError.noStarter(wanted: .mpirun)) {
      try starter(.mpirun, in: [slurm], slurm: true)
    }
  }

  @Test("the trainer beside the launcher goes before any other")
  func trainer() throws {
    let path = try ProgramFolder("mpirun", "aver-train")
    let empty = try ProgramFolder()
    #expect(try starter(.auto, in: [path]).trainer == "\(own.path)/aver-train")
    #expect(
      try starter(.auto, in: [path], beside: empty).trainer == "\(path.path)/aver-train")
    let bare = try ProgramFolder("mpirun")
    #expect(throws: LaunchError.noTrainer(beside: empty.path)) {
      try starter(.auto, in: [bare], beside: empty)
    }
  }

  @Test("what cannot be executed is no program, and folders come in their order")
  func search() throws {
    let text = try ProgramFolder("mpirun", mode: 0o644)
    let (first, second) = (try ProgramFolder("mpirun"), try ProgramFolder("mpirun"))
    try FileManager.default.createDirectory(
      atPath: "\(own.path)/mpirun", withIntermediateDirectories: true)
    #expect(try starter(.auto, in: [own, text, first, second]).path == "\(first.path)/mpirun")
  }

  @Test("every cause that a person can mend is a mistake of usage")
  func statuses() {
    for error in [
      LaunchError.noStarter(wanted: .srun), .noTrainer(beside: "x"), .hosts("x"),
      .cannotStart(program: "x", reason: "y"),
    ] { #expect(error.exitStatus == .usage) }
    #expect(LaunchError.system(call: "pipe", reason: "x").exitStatus == .internalError)
  }
}
