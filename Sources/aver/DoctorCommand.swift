import ArgumentParser
import Trainer

/// `aver doctor`, alone or on all ranks under mpirun.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what this machine offers for training and what is wrong with it.",
    discussion: """
      Run it as you would run the trainer, for example `mpirun -n 2 aver doctor`: it then reports \
      every rank, and the cores bound to each. The figures are quick ones.
      """)

  @Option(help: "Threads per rank that the training will use (the configuration's threads).")
  var threads = 1

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    guard threads >= 1 else {
      throw ValidationError("--threads must be at least 1, not \(threads)")
    }
  }

  func run() throws {
    guard let report = try MachineCheck.run(threads: threads) else { return }
    try printResult(json ? report.json() : report.text)
  }
}
