import ArgumentParser
import CommandArguments
import Distributed
import Foundation
import Nets
import Trainer

/// `aver-train benchmark`
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Measures parts of the training; the last line is one JSON object.",
    subcommands: [
      StepCommand.self, InferenceCommand.self, AllReduceCommand.self, DataCommand.self,
    ])

  /// `aver-train benchmark step`
  struct StepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "step",
      abstract: "Times forward, backward, reduction and update on random images.")

    @OptionGroup var network: NetworkOptions
    @Option(help: "Samples of each rank in a step.")
    var batchPerRank = 32
    @Option(
      parsing: .upToNextOption,
      help: ArgumentHelp("Parts that are not trained: conv1 bn1 layer1.", valueName: "part"))
    var freeze: [String] = []
    @Option(help: "How gradients are summed over ranks: \(names(ReductionAlgorithm.self)).")
    var reduction = ReductionAlgorithm.exact
    @Option(help: "Sum gradients beside the backward pass: \(names(OverlapChoice.self)).")
    var overlap = OverlapChoice.auto
    @Option(help: "MiB of gradients that are summed together (default: what is measured).")
    var bucketMib: Int?
    @Option(help: "What gradients travel as: \(names(WireFormat.self)).")
    var wire = WireFormat.float32
    @Option(
      help:
        "Groups whose sums are rounded to bfloat16 (default: one a node, on one node one a rank).")
    var groups: Int?

    func validate() throws {
      try require(batchPerRank, "--batch-per-rank", in: 1...65536)
      try require(bucketMib ?? 1, "--bucket-mib", in: 1...1024)
    }

    func run() throws {
      let benchmark = StepBenchmark(
        model: network.description, batchPerRank: batchPerRank, precision: network.precision,
        steps: network.steps, threads: network.threads, profiles: network.profile,
        frozen: freeze, reduction: reduction, overlap: overlap, bucketMebibytes: bucketMib,
        wire: wire, groups: groups)
      try Job.run { job in
        let (result, profile) = try benchmark.run(job: job)
        return try printAsJSON(result, after: profile, job: job)
      }.leave()
    }
  }

  /// `aver-train benchmark allreduce`
  struct AllReduceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "allreduce",
      abstract: "Times the sum of a float32 buffer over all ranks.")

    @Option(help: "Size of the buffer.")
    var bytes = 100_000_000
    @Option(help: "How to sum: \(names(ReductionAlgorithm.self)).")
    var algorithm = ReductionAlgorithm.exact

    func validate() throws {
      // The buffer, and room for the sums of other ranks.
      let most = Int(ProcessInfo.processInfo.physicalMemory / 4)
      try require(bytes, "--bytes", in: 4...most)
    }

    func run() throws {
      try Job.run { job in
        let result = try AllReduceBenchmark.run(
          communicator: job.communicator, bytes: bytes, algorithm: algorithm)
        return try printAsJSON(result, job: job)
      }.leave()
    }
  }
}

extension BenchmarkCommand {
  /// `aver-train benchmark inference`
  struct InferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "inference",
      abstract: "Times the forward pass of an evaluation on random images.")

    @OptionGroup var network: NetworkOptions
    @Option(help: "Samples of each rank in a run.")
    var batch = 64

    func validate() throws {
      try require(batch, "--batch", in: 1...65536)
    }

    func run() throws {
      let benchmark = InferenceBenchmark(
        model: network.description, batch: batch, precision: network.precision,
        steps: network.steps, threads: network.threads, profiles: network.profile)
      try Job.run { job in
        let (result, profile) = try benchmark.run(job: job)
        return try printAsJSON(result, after: profile, job: job)
      }.leave()
    }
  }

  /// `aver-train benchmark data`
  struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "data",
      abstract: "Times decoding and augmentation of a configuration's training samples.")

    @Option(help: "The configuration, a YAML file.")
    var config: String
    @Option(help: "About how long to measure.")
    var seconds = 5.0
    @Argument(help: "Configuration values that win over the file, such as data.workers=4.")
    var overrides: [String] = []

    func run() throws {
      let benchmark = DataBenchmark(
        configurationFile: config, overrides: overrides, seconds: seconds)
      try Job.run { job in
        try printAsJSON(benchmark.run(job: job), job: job)
      }.leave()
    }
  }
}

/// What the benchmarks of a network have in common.
struct NetworkOptions: ParsableArguments {
  @Option(help: "Architecture: \(names(ModelName.self)).")
  var model = ModelName.resnet18
  @Option(help: "Height and width of the input, in pixels (default: 112); not for vggish.")
  var imageSize: Int?
  @Option(help: "Number format: \(names(Precision.self)).")
  var precision = Precision.f32
  @Option(help: "Runs that are timed.")
  var steps = 20
  @Option(help: "Kernel threads of each rank.")
  var threads = 1
  @Flag(help: "Print first how long each kernel of rank 0 takes, as a table.")
  var profile = false

  func validate() throws {
    if let imageSize {
      guard model.isVisual else {
        throw ValidationError("\(model.rawValue) hears patches of one size: leave --image-size out")
      }
      try require(imageSize, "--image-size", in: 32...1024)
    }
    try require(steps, "--steps", in: 1...1_000_000)
    try require(threads, "--threads", in: 1...1024)
  }

  var description: ModelDescription {
    ModelDescription(name: model, classes: 8, imageSize: imageSize ?? 112)
  }
}

extension ModelName: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
extension ReductionAlgorithm: ExpressibleByArgument {}
extension OverlapChoice: ExpressibleByArgument {}
extension WireFormat: ExpressibleByArgument {}

/// Refuses a number that no machine can serve, naming those that it can.
private func require(_ value: Int, _ option: String, in range: ClosedRange<Int>) throws {
  guard range.contains(value) else {
    throw ValidationError(
      "\(option) must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
  }
}

/// The raw values of an enumeration, for help texts.
private func names<Choice: CaseIterable & RawRepresentable<String>>(_: Choice.Type) -> String {
  Choice.allCases.map(\.rawValue).joined(separator: ", ")
}

/// Prints a result as one line of JSON, after a table where there is one. Collective.
private func printAsJSON(
  _ result: some Encodable, after table: String? = nil, job: Job
) throws -> ExitStatus {
  if let table { try job.printResult(table) }
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys]
  try job.printResult(String(decoding: encoder.encode(result), as: UTF8.self))
  return .finished
}
