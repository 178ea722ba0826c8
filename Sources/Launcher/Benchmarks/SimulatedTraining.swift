import Foundation

extension TrialTraining {
  /// Leaves what a training does that has come to where it pauses.
  ///
  /// - Parameters:
  ///   - steps: the last update of a training.
  ///   - loss: what is measured after an update.
  /// - Throws: `CocoaError`.
  func simulate(steps: Int, loss: (Self, _ step: Int) -> Double) throws {
    let end = min(target ?? steps, steps)
    let lines = (1...end).filter { $0.isMultiple(of: 2) }.map { step in
      #"{"step":\#(step),"epoch":1,"split":"validation","loss":\#(loss(self, step))}"# + "\n"
    }
    try write(lines.joined(), to: "metrics.jsonl")
    try write("step-\(String(format: "%08d", end))\n", to: "checkpoints/latest")
    try write("seed: 1\n", to: "config.yaml")
    if end == steps { try write("", to: "final/model.safetensors") }
  }

  private func write(_ text: String, to name: String) throws {
    let url = URL(fileURLWithPath: "\(run)/\(name)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }
}
