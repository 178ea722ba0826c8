/// Something that will be slow or wrong, and what to do about it.
public struct DoctorWarning: Codable, Equatable, Sendable {
  /// What kind of trouble it is: stable, for scripts.
  public enum Kind: String, Codable, Sendable {
    case moreThreadsThanCores, tooFewCoresBound, sharedCores, coreLimit, memoryLimit
    case bfloat16WithoutHardware, bfloat16Missing, vectorsWithoutAVX2, vectorsWithoutAVX512
    case ompNumThreadsIgnored, smallSharedMemory, debugBuild
    case differentEngines, differentMPI, worldSizeNotPowerOfTwo
  }

  /// What kind of trouble it is.
  public var kind: Kind
  /// What was found, and where.
  public var finding: String
  /// What to do.
  public var fix: String

  /// A warning from its parts.
  public init(_ kind: Kind, _ finding: String, fix: String) {
    self.kind = kind
    self.finding = finding
    self.fix = fix
  }
}

extension DoctorWarning {
  /// What is wrong with a job whose ranks see these facts; a pure function of them.
  public static func all(for ranks: [RankFacts]) -> [DoctorWarning] {
    let hosts = Dictionary(grouping: ranks, by: \.host).sorted { $0.key < $1.key }
    return hosts.flatMap { host, ranks in
      cores(host, ranks) + limits(host, ranks) + kernels(host, ranks)
    } + environment(ranks) + differences(ranks)
  }

  // MARK: - Cores

  /// One cause is named once: a host with too few cores also has ranks that share them.
  private static func cores(_ host: String, _ ranks: [RankFacts]) -> [DoctorWarning] {
    let threads = ranks.map(\.threads).reduce(0, +)
    let usable = Set(ranks.flatMap(\.boundCores)).count
    let starved = tooFewCoresBound(ranks)
    if threads > usable && starved.isEmpty {
      let finding = """
        \(host): \(ranks.count) rank(s) with \(threads) thread(s) in all run on \(usable) core(s)
        """
      return [.init(.moreThreadsThanCores, finding, fix: coreFix(ranks, threads: threads))]
    }
    return starved + (starved.isEmpty ? sharedCores(host, ranks) : [])
  }

  private static func coreFix(_ ranks: [RankFacts], threads: Int) -> String {
    let hostCores = ranks.map(\.hostCores).max() ?? 0
    return threads <= hostCores
      ? "use more of the host's \(hostCores) cores: mpirun --map-by slot:PE=THREADS --bind-to core"
      : "start fewer ranks on this host, or lower threads"
  }

  private static func tooFewCoresBound(_ ranks: [RankFacts]) -> [DoctorWarning] {
    let starved = ranks.filter { $0.boundCores.count < $0.threads }
    guard let first = starved.first else { return [] }
    let finding = """
      \(first.host): rank(s) \(list(starved.map(\.rank))) use \(first.threads) threads but are \
      bound to \(first.boundCores.count) core(s)
      """
    let fix = "mpirun --map-by slot:PE=\(first.threads) --bind-to core, or threads: 1"
    return [.init(.tooFewCoresBound, finding, fix: fix)]
  }

  /// Ranks whose cores lie within one rank's and are too few for the threads of all of them.
  private static func sharedCores(_ host: String, _ ranks: [RankFacts]) -> [DoctorWarning] {
    for cores in Set(ranks.map { Set($0.boundCores) }).sorted(by: { $0.count < $1.count }) {
      let inside = ranks.filter { cores.isSuperset(of: $0.boundCores) }
      guard inside.map(\.threads).reduce(0, +) > cores.count else { continue }
      let finding = """
        \(host): ranks \(list(inside.map(\.rank))) are bound to the same core(s) \
        \(list(cores.sorted()))
        """
      let fix = "mpirun --map-by slot --bind-to core gives each rank its own"
      return [.init(.sharedCores, finding, fix: fix)]
    }
    return []
  }

  // MARK: - Limits

  private static func limits(_ host: String, _ ranks: [RankFacts]) -> [DoctorWarning] {
    coreLimit(host, ranks) + memoryLimit(host, ranks) + sharedMemory(host, ranks)
  }

  private static func coreLimit(_ host: String, _ ranks: [RankFacts]) -> [DoctorWarning] {
    let threads = ranks.map(\.threads).reduce(0, +)
    guard let limit = ranks.compactMap(\.limits.cores).min(), Double(threads) > limit else {
      return []
    }
    let finding = """
      \(host): the control group allows \(limit) core(s) of processor time, \(ranks.count) rank(s) \
      use \(threads) thread(s)
      """
    return [.init(.coreLimit, finding, fix: "ask for more cores, or start fewer ranks")]
  }

  /// A rank that trains a ResNet-18 takes about 0.7 GiB.
  private static func memoryLimit(_ host: String, _ ranks: [RankFacts]) -> [DoctorWarning] {
    let perRank: Int64 = 1 << 30
    let memory = ranks.map(\.memory.freeBytes).min() ?? 0
    let available = (ranks.compactMap(\.limits.memoryBytes) + [memory]).min() ?? 0
    guard available < perRank * Int64(ranks.count) else { return [] }
    let finding = """
      \(host): \(available >> 20) MiB of memory are available to \(ranks.count) rank(s), less than \
      \(perRank >> 20) MiB each
      """
    let fix = "ask for more memory, start fewer ranks, or lower batch.micro"
    return [.init(.memoryLimit, finding, fix: fix)]
  }

  /// Open MPI keeps its queues between the ranks of a host there; containers often give 64 MiB.
  private static func sharedMemory(_ host: String, _ ranks: [RankFacts]) -> [DoctorWarning] {
    let needed = 64 << 20 * Int64(max(ranks.count, 2))
    let free = ranks.map { $0.sharedMemory?.freeBytes ?? 0 }.min() ?? 0
    guard free < needed else { return [] }
    let finding = "\(host): /dev/shm has \(free >> 20) MiB free, ranks may need \(needed >> 20) MiB"
    let fix = "start the container with --shm-size=1g or --ipc=host; remove stale /dev/shm/vader_*"
    return [.init(.smallSharedMemory, finding, fix: fix)]
  }

  // MARK: - Kernels and environment

  /// A machine is not asked for one precision: it is judged for both.
  private static func kernels(_ host: String, _ ranks: [RankFacts]) -> [DoctorWarning] {
    ranks.first.map { kernels($0.capabilities, host: host, precision: .bf16) } ?? []
  }

  private static func environment(_ ranks: [RankFacts]) -> [DoctorWarning] {
    var warnings: [DoctorWarning] = []
    if let value = ranks.lazy.compactMap(\.ompNumThreads).first {
      warnings.append(
        .init(
          .ompNumThreadsIgnored, "OMP_NUM_THREADS=\(value) is set and has no effect",
          fix: "set threads in the configuration: it is a part of what the results depend on"))
    }
    if ranks.contains(where: \.isDebugBuild) {
      warnings.append(
        .init(
          .debugBuild, "this program was compiled without optimisation",
          fix: "swift build -c release, or make build"))
    }
    if ranks.count.nonzeroBitCount != 1 {
      warnings.append(
        .init(
          .worldSizeNotPowerOfTwo, "\(ranks.count) ranks are not a power of two",
          fix: "the exact reduction needs 1, 2, 4, … ranks that divide batch.global / batch.micro"))
    }
    return warnings
  }

  // MARK: - Differences between ranks

  private static func differences(_ ranks: [RankFacts]) -> [DoctorWarning] {
    var warnings: [DoctorWarning] = []
    let engines = Set(
      ranks.map(\.engine).map { "\($0.library), \($0.instructionSet), \($0.threads) thread(s)" })
    if engines.count > 1 {
      warnings.append(
        .init(
          .differentEngines,
          "ranks compute differently: \(engines.sorted().joined(separator: " / "))",
          fix: "one oneDNN everywhere, and DNNL_MAX_CPU_ISA set to what the oldest processor has"))
    }
    let libraries = Set(ranks.map(\.mpiLibrary))
    if libraries.count > 1 {
      warnings.append(
        .init(
          .differentMPI, "ranks use different MPIs: \(libraries.sorted().joined(separator: " / "))",
          fix: "load the same MPI module on every node"))
    }
    return warnings
  }

  /// Numbers as people write them: 0-3, 5.
  static func list(_ numbers: [Int]) -> String {
    var runs: [ClosedRange<Int>] = []
    for number in numbers.sorted() {
      if let last = runs.last, last.upperBound + 1 >= number {
        runs[runs.count - 1] = last.lowerBound...number
      } else {
        runs.append(number...number)
      }
    }
    return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ", ")
  }
}
