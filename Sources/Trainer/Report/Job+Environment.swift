import Foundation
import Nets

extension Job {
  /// Where and with what a run computes, for its report.
  func environment(of folder: RunFolder, _ engine: EngineIdentity) -> [ReportFact] {
    let system = ProcessInfo.processInfo
    let ranks = communicator.worldSize
    return [
      ReportFact("Run folder", URL(fileURLWithPath: folder.path).standardizedFileURL.path),
      ReportFact("Process started", Date().formatted(.iso8601)),
      ReportFact("Ranks", "\(ranks), of \(engine.threads) thread\(engine.threads == 1 ? "" : "s")"),
      ReportFact("Host of rank 0", communicator.hostName),
      ReportFact("Kernels", "\(engine.library), \(engine.instructionSet)"),
      ReportFact("System", system.operatingSystemVersionString),
      ReportFact("Processors of the host", "\(system.processorCount)"),
    ]
  }
}
