import ArgumentParser
import Foundation
import Launcher
import Trainer

/// `aver-launch benchmark`
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Measures searches; for benchmarks/.",
    shouldDisplay: false, subcommands: [Search.self, Controller.self])

  /// `aver-launch benchmark search`
  struct Search: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Searches where all that can be found is known; for benchmarks/search.",
      discussion: """
        Example: aver-launch benchmark search --function branin --sampler tpe --asha --trials 60 --seed 1

        Prints one JSON object: the steps that were spent, and the least value until then, wherever it \
        became less.
        """)

    @Option(help: "The function.")
    var function: KnownFunction?

    @Option(help: "Or a file of measured trainings.")
    var table: String?

    @Option(help: "random, sobol or tpe.")
    var sampler: String

    @Flag(help: "Stop trials early.")
    var asha = false

    @Option(help: "Trials; a search that stops them early has as many steps.")
    var trials = 60

    @Option(help: "The seed.")
    var seed: UInt64 = 0

    private func subject() throws -> any SearchSubject {
      switch (function, table) {
      case (let function?, nil): function
      case (nil, let table?): try MeasuredTrainings(file: table)
      default: throw ValidationError("either --function or --table is needed")
      }
    }

    func run() throws {
      let benchmark = SearchBenchmark(
        try subject(), sampler: sampler, stopsEarly: asha, trials: trials, seed: seed)
      guard trials > 0, let result = benchmark.run() else {
        throw ValidationError("--trials must be 1 or more, --sampler random, sobol or tpe")
      }
      try print(json: result)
    }
  }

  /// `aver-launch benchmark controller`
  struct Controller: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sees a sweep of simulated batch jobs through; for benchmarks/controller.",
      discussion: """
        Example: aver-launch benchmark controller --trials 1000 --sampler tpe --folder empty

        Prints one JSON array: for each tenth of the trials what the sweep itself took, and what it asked \
        the scheduler.
        """)

    @Option(help: "Trials.")
    var trials = 1000

    @Option(help: "Trainings at the same time.")
    var concurrency = 64

    @Option(help: "random, sobol or tpe.")
    var sampler = "tpe"

    @Option(help: "An empty folder for what the sweep writes.")
    var folder: String

    func validate() throws {
      guard trials >= 10, concurrency > 0 else {
        throw ValidationError("--trials must be 10 or more, --concurrency 1 or more")
      }
    }

    func run() throws {
      try print(
        json: ControllerBenchmark(
          trials: trials, concurrency: concurrency, sampler: sampler, folder: folder
        ).run())
    }
  }
}

/// Prints a value for scripts, on a line.
private func print(json value: some Encodable) throws {
  try StandardStream.output.write(
    String(decoding: try JSONEncoder().encode(value), as: UTF8.self) + "\n")
}

extension KnownFunction: ExpressibleByArgument {}
