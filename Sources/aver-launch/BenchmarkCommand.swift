import ArgumentParser
import Foundation
import Launcher
import Trainer

/// `aver-launch benchmark`
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Searches functions whose least value is known; for benchmarks/search.",
    discussion: """
      Example: aver-launch benchmark --function branin --sampler tpe --asha --trials 60 --seed 1

      Prints one JSON object: the steps that were spent, and the least value until then, wherever it \
      became less.
      """, shouldDisplay: false)

  @Option(help: "The function.")
  var function: SearchBenchmark.Function

  @Option(help: "random, sobol or tpe.")
  var sampler: String

  @Flag(help: "Stop trials early.")
  var asha = false

  @Option(help: "Trials; a search that stops them early has as many steps.")
  var trials = 60

  @Option(help: "The seed.")
  var seed: UInt64 = 0

  func run() throws {
    let benchmark = SearchBenchmark(
      function: function, sampler: sampler, stopsEarly: asha, trials: trials, seed: seed)
    guard trials > 0, let result = benchmark.run() else {
      throw ValidationError("--trials must be 1 or more, --sampler random, sobol or tpe")
    }
    try StandardStream.output.write(
      String(decoding: try JSONEncoder().encode(result), as: UTF8.self) + "\n")
  }
}

extension SearchBenchmark.Function: ExpressibleByArgument {}
