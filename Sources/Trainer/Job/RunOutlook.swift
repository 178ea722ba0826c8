import Foundation

/// How fast a run gets on, and how long it will take, as its folder tells.
package struct RunOutlook: Equatable, Sendable {
  /// The stage; nil where the folder has no configuration yet.
  package let stage: StageName?
  /// Updates until the end; nil where that is not known yet.
  package let totalSteps: Int?
  /// The last loss.
  package let loss: Double?
  /// Samples a second, all ranks together.
  package let samplesPerSecond: Double?
  /// Until the end, at this rate; nil where that is not known.
  package let secondsLeft: Double?

  /// The outlook of the run in a folder.
  package init(ofRun path: String) {
    let folder = RunFolder(path: path)
    let last = MetricsFile.lastTraining(in: folder.metrics)
    let numbers = Dictionary(last?.numbers ?? []) { first, _ in first }
    let stage = DurableFiles.exists(folder.configuration) ? try? folder.stage() : nil
    // Any number of ranks: they have been found to fit before.
    let outline = stage.flatMap {
      try? TrainingOutline(of: $0, file: folder.configuration, overrides: []) { _ in 1 }
    }
    self.stage = stage
    let epochSteps = numbers["epoch"].flatMap { epoch in
      last.flatMap { epoch > 0 ? ($0.step / epoch).rounded() : nil }
    }
    let all = outline.flatMap { outline in
      epochSteps.flatMap { Int(exactly: $0 * Double(outline.epochs)) }
    }
    let total = [all, outline?.maximumSteps].compactMap { $0 }.min()
    let rate = numbers.first { $0.key.hasSuffix("_per_second") }?.value
    totalSteps = total
    loss = numbers["loss"]
    samplesPerSecond = rate
    guard let total, let last, let rate, rate > 0, let outline else {
      secondsLeft = nil
      return
    }
    secondsLeft = max(0, Double(total) - last.step) * Double(outline.globalBatch) / rate
  }
}
