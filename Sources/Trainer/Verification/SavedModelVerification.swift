import Foundation
import Nets

/// Checks what training has written: digests of checkpoints, headers of weights and that every value is
/// finite.
///
/// One tensor is in memory at a time, twice: as stored and as float32.
public struct SavedModelVerification: Sendable {
  private let path: String
  private let format: SavedModelFormat

  /// Prepares to check what lies at `path`.
  ///
  /// - Throws: `TrainerError.usage` where there is nothing.
  public init(_ path: String, as format: SavedModelFormat) throws {
    guard DurableFiles.exists(path) else { throw TrainerError.usage("'\(path)' does not exist") }
    self.path = path
    self.format = format
  }

  /// Checks all of it.
  ///
  /// - Returns: what was found; what is broken is a finding and no error.
  public func run() -> SavedModelReport {
    var report = SavedModelReport(path: path, format: format)
    switch format {
    case .safetensors: report.add(path) { try Self.weights([path], path, step: nil) }
    case .checkpoint: report.add(path) { try Self.checkpoint(path) }
    case .run: checkRun(&report)
    }
    return report
  }

  private func checkRun(_ report: inout SavedModelReport) {
    let run = RunFolder(path: path)
    let store = CheckpointStore(folder: run.checkpoints)
    do {
      for checkpoint in try store.paths {
        do {
          report.parts.append(try Self.checkpoint(checkpoint))
        } catch  where CheckpointStore.isUnderWay(checkpoint) || !DurableFiles.hasEntry(checkpoint)
        {
          // A training is writing it, or has removed it meanwhile.
        } catch {
          report.add(checkpoint) { throw error }
        }
      }
    } catch {
      report.findings.append(.init(file: store.folder, reason: "\(error)"))
    }
    for model in [run.bestModel, run.finalModel] where DurableFiles.exists(model) {
      report.add(model) { try Self.weights([model], model, step: nil) }
    }
    if report.parts.isEmpty && report.findings.isEmpty {
      report.findings.append(.init(file: path, reason: "holds neither checkpoints nor weights"))
    }
  }

  private static func checkpoint(_ path: String) throws -> SavedModelReport.Part {
    let checkpoint = try CheckpointStore.load(path)
    return try weights(checkpoint.tensorPaths, path, step: checkpoint.state.step)
  }

  private static func weights(
    _ files: [String], _ path: String, step: Int?
  ) throws -> SavedModelReport.Part {
    var part = SavedModelReport.Part(path: path, tensors: 0, elements: 0, step: step)
    for file in files {
      let reader = try SafetensorsReader(path: file)
      for name in reader.names {
        let values = try reader.tensor(name)
        part.tensors += 1
        part.elements += values.elementCount
        let bad = values.floats().count { !$0.isFinite }
        if bad > 0 {
          throw BrokenTensor(description: "\(file): tensor '\(name)': \(bad) values are not finite")
        }
      }
    }
    return part
  }
}

/// A tensor that no training can go on with.
private struct BrokenTensor: Error, CustomStringConvertible {
  var description: String
}

extension SavedModelReport {
  /// Takes what `check` says of a file or folder.
  fileprivate mutating func add(_ path: String, _ check: () throws -> Part) {
    do {
      parts.append(try check())
    } catch {
      let text = "\(error)"
      let reason = ["\(path): ", "checkpoint \(path): "].first(where: text.hasPrefix)
        .map { String(text.dropFirst($0.count)) }
      findings.append(Finding(file: path, reason: reason ?? text))
    }
  }
}
