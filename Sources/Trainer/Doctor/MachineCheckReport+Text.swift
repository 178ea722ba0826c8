import Foundation

extension MachineCheck.Report {
  /// The report for people: the machines, the ranks, the figures, the warnings.
  public var text: String {
    let hosts = Dictionary(grouping: ranks, by: \.host).sorted { $0.key < $1.key }
    let sections = hosts.map { machine($0.key, $0.value) } + [programs, figures, advice]
    return sections.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  /// The report for programs: one JSON object.
  ///
  /// - Throws: An encoding error, for a figure that is not finite.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  private func machine(_ host: String, _ ranks: [RankFacts]) -> [String] {
    guard let first = ranks.first else { return [] }
    let sets = first.instructionSets.map(\.rawValue).joined(separator: ", ")
    let limits = first.limits
    return [
      "Host \(host)",
      line("processor", "\(first.processor), \(first.hostCores) cores"),
      line("instruction sets", sets.isEmpty ? "baseline only" : sets),
      line("memory", capacity(first.memory)),
      line("/dev/shm", first.sharedMemory.map(capacity) ?? "missing"),
      line("disk here", first.disk.map(capacity) ?? "unknown"),
      line("core limit", limits.cores.map { "\($0) cores" } ?? "none"),
      line("memory limit", limits.memoryBytes.map(size) ?? "none"),
    ] + ranks.map(rank)
  }

  private func rank(_ facts: RankFacts) -> String {
    let cores = DoctorWarning.list(facts.boundCores)
    return line("rank \(facts.rank)", "cores \(cores); \(facts.threads) thread(s)")
  }

  private var programs: [String] {
    guard let first = ranks.first else { return [] }
    let libraries = first.libraries.map { library in
      library.statedVersion.map { "\(library.file) (\($0))" } ?? library.file
    }
    let mpi = first.mpiLibrary.prefix { $0 != "," }
    return [
      "Programs",
      line("kernels", "\(first.engine.library), \(first.engine.instructionSet)"),
      line("MPI", "\(mpi); threads: \(first.threadLevel.rawValue)"),
      line("libraries", libraries.joined(separator: ", ")),
      line("scheduler", first.scheduler ?? "none"),
      line("build", first.isDebugBuild ? "debug" : "release"),
    ]
  }

  private var figures: [String] {
    let memory = measurements.memoryGigabytesPerSecond.sorted { $0.key < $1.key }.map {
      host, rate in
      line("memory", String(format: "%.1f GB/s, all ranks of %@ together", rate, host))
    }
    let allReduce = measurements.allReduce.map { result in
      line(
        "all-reduce",
        String(
          format: "%.1f ms for %d MB (%@, %.2f GB/s)", result.millisecondsMedian,
          result.bytes / 1_000_000, "\(result.algorithm)", result.algorithmGigabytesPerSecond))
    }
    let none = line("all-reduce", "one rank: nothing to sum")
    return ["Quick figures"] + memory + [allReduce ?? none]
  }

  private var advice: [String] {
    guard !warnings.isEmpty else { return ["No warnings."] }
    return ["Warnings"] + warnings.map { "  ! \($0.finding)\n    -> \($0.fix)" }
  }

  private func line(_ name: String, _ value: String) -> String {
    "  " + name.padding(toLength: 18, withPad: " ", startingAt: 0) + value
  }

  private func capacity(_ capacity: Capacity) -> String {
    "\(size(capacity.freeBytes)) free of \(size(capacity.totalBytes))"
  }

  private func size(_ bytes: Int64) -> String {
    String(format: "%.1f GiB", Double(bytes) / Double(1 << 30))
  }
}
