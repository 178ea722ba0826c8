import Foundation
import Trainer

/// The programs that a job needs, by their paths.
public struct Starter: Equatable, Sendable {
  /// Which program starts the ranks.
  public enum Kind: String, Sendable {
    case mpirun, srun
  }

  /// Which one it is.
  public let kind: Kind
  /// Its path.
  public let path: String
  /// The trainer's path.
  public let trainer: String

  /// Finds the programs.
  ///
  /// mpirun goes first in an allocation of Slurm's, too: it is the one of the MPI that the trainer is
  /// linked with, and starts ranks there by itself, while srun needs a Slurm that was built with PMIx.
  ///
  /// - Parameters:
  ///   - choice: what was asked for.
  ///   - environment: where to look.
  ///   - folder: where the trainer is looked for first.
  /// - Throws: `LaunchError.noStarter`, `.noTrainer`.
  public init(
    _ choice: StarterChoice, environment: LaunchEnvironment = .current,
    trainerBeside folder: String = ProgramSearch.ownFolder
  ) throws {
    let search = ProgramSearch(folders: environment.searchPath)
    let kinds: [Kind] =
      switch choice {
      case .mpirun: [.mpirun]
      case .srun: [.srun]
      case .auto: environment.slurm == nil ? [.mpirun] : [.mpirun, .srun]
      }
    let found = kinds.lazy.compactMap { kind in search.path(of: kind.rawValue).map { (kind, $0) } }
    guard let (kind, path) = found.first else { throw LaunchError.noStarter(wanted: choice) }
    guard let trainer = ProgramSearch(folders: [folder] + search.folders).path(of: "aver-train")
    else { throw LaunchError.noTrainer(beside: folder) }
    self.init(kind: kind, path: path, trainer: trainer)
  }

  init(kind: Kind, path: String, trainer: String) {
    (self.kind, self.path, self.trainer) = (kind, path, trainer)
  }
}

/// Where programs are looked for.
public struct ProgramSearch: Sendable {
  /// The folders, in their order.
  let folders: [String]

  /// The folder of this process's own program.
  public static var ownFolder: String {
    let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return ((program ?? "./") as NSString).deletingLastPathComponent
  }

  /// The first program of this name, as a path that stays right in another working folder.
  func path(of name: String) -> String? {
    folders.lazy.map { URL(fileURLWithPath: $0).appendingPathComponent(name).path }
      .first { path in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
          && !isFolder.boolValue && FileManager.default.isExecutableFile(atPath: path)
      }
  }
}
