import Distributed
import Nets
import Testing

@testable import Trainer

@Suite struct DoctorWarningTests {
  /// A rank on a machine that leaves nothing to wish for.
  static func healthy(rank: Int, host: String = "node1", cores: [Int]) -> RankFacts {
    RankFacts(
      rank: rank, host: host, processor: "made up",
      instructionSets: InstructionSet.allCases,
      capabilities: EngineCapabilities(bfloat16: .native, hasAVX2: true, hasAVX512: true),
      engine: Engine.identity(threads: 1),
      boundCores: cores, hostCores: 8, limits: ControlGroupLimits(),
      memory: Capacity(totalBytes: 64 << 30, freeBytes: 32 << 30),
      sharedMemory: Capacity(totalBytes: 32 << 30, freeBytes: 32 << 30),
      disk: Capacity(totalBytes: 1 << 40, freeBytes: 1 << 39), mpiLibrary: "Open MPI v4.1.4",
      threadLevel: .multiple, libraries: [], scheduler: nil, ompNumThreads: nil,
      isDebugBuild: false, threads: 1)
  }

  /// `count` ranks, each on a core of its own, after a change.
  func ranks(_ count: Int, _ change: (inout RankFacts) -> Void = { _ in }) -> [RankFacts] {
    (0..<count).map { rank in
      var facts = Self.healthy(rank: rank, cores: [rank])
      change(&facts)
      return facts
    }
  }

  func kinds(_ ranks: [RankFacts]) -> [DoctorWarning.Kind] {
    DoctorWarning.all(for: ranks).map(\.kind)
  }

  @Test(arguments: [1, 2, 4, 8])
  func aHealthyMachineGivesNoWarning(count: Int) {
    #expect(DoctorWarning.all(for: ranks(count)) == [])
  }

  @Test func unboundRanksOnEnoughCoresAreFine() {
    #expect(kinds(ranks(4) { $0.boundCores = Array(0..<8) }) == [])
  }

  @Test func moreRanksThanCoresAreNamedOnce() {
    let warnings = DoctorWarning.all(
      for: ranks(4) {
        $0.boundCores = [0, 1]
        $0.hostCores = 2
      })
    #expect(
      warnings == [
        DoctorWarning(
          .moreThreadsThanCores, "node1: 4 rank(s) with 4 thread(s) in all run on 2 core(s)",
          fix: "start fewer ranks on this host, or lower threads")
      ])
  }

  @Test func idleCoresAreTheFixForCrampedRanks() {
    let fix = DoctorWarning.all(for: ranks(4) { $0.boundCores = [0, 1] }).first?.fix
    #expect(fix?.contains("use more of the host's 8 cores") == true)
  }

  @Test func fewerCoresThanThreadsAreFoundInEachRank() {
    let warnings = DoctorWarning.all(for: ranks(2) { $0.threads = $0.rank == 1 ? 2 : 1 })
    #expect(warnings.map(\.kind) == [.tooFewCoresBound])
    #expect(
      warnings.first?.finding == "node1: rank(s) 1 use 2 threads but are bound to 1 core(s)")
  }

  @Test func ranksOnTheSameCoreAreNamed() {
    let warnings = DoctorWarning.all(
      for: ranks(4) { $0.boundCores = $0.rank == 3 ? [1, 4] : [0, 1, 2] })
    #expect(warnings.isEmpty, "four threads fit on 0, 1, 2 and 4")
    let same = DoctorWarning.all(for: ranks(4) { $0.boundCores = [$0.rank == 3 ? 1 : $0.rank] })
    #expect(same.map(\.kind) == [.moreThreadsThanCores])
    let shared = DoctorWarning.all(
      for: ranks(4) { $0.boundCores = $0.rank >= 2 ? [4, 5, 6] : [0] })
    #expect(shared.map(\.finding) == ["node1: ranks 0-1 are bound to the same core(s) 0"])
  }

  @Test func coresOfDifferentHostsAreDifferentCores() {
    let two = ["a", "b"].enumerated().map { Self.healthy(rank: $0, host: $1, cores: [0]) }
    #expect(kinds(two) == [])
  }

  @Test func limitsOfTheControlGroupCount() {
    #expect(kinds(ranks(2) { $0.limits.cores = 2 }) == [])
    #expect(kinds(ranks(2) { $0.limits.cores = 1.5 }) == [.coreLimit])
    #expect(kinds(ranks(2) { $0.limits.memoryBytes = 2 << 30 }) == [])
    #expect(kinds(ranks(2) { $0.limits.memoryBytes = 2 << 30 - 1 }) == [.memoryLimit])
    #expect(kinds(ranks(2) { $0.memory.freeBytes = 1 << 30 }) == [.memoryLimit])
  }

  @Test func aContainersSmallSharedMemoryIsFound() {
    let small = Capacity(totalBytes: 64 << 20, freeBytes: 64 << 20)
    #expect(kinds(ranks(1) { $0.sharedMemory = small }) == [.smallSharedMemory])
    #expect(kinds(ranks(2) { $0.sharedMemory = nil }) == [.smallSharedMemory])
  }

  @Test(arguments: [
    (BFloat16Support.native, true, [DoctorWarning.Kind]()),
    (.emulated, true, [.bfloat16WithoutHardware]),
    (.missing, true, [.vectorsWithoutAVX512, .bfloat16Missing]),
    (.missing, false, [.vectorsWithoutAVX2, .bfloat16Missing]),
  ])
  func kernelsNeedInstructions(
    bfloat16: BFloat16Support, hasAVX2: Bool, expected: [DoctorWarning.Kind]
  ) {
    let capabilities = EngineCapabilities(
      bfloat16: bfloat16, hasAVX2: hasAVX2, hasAVX512: bfloat16 != .missing)
    #expect(kinds(ranks(2) { $0.capabilities = capabilities }) == expected)
    // A training in float32 is not told about bfloat16.
    let training = DoctorWarning.kernels(capabilities, host: "node1", precision: .f32)
    let vectors: Set<DoctorWarning.Kind> = [.vectorsWithoutAVX2, .vectorsWithoutAVX512]
    #expect(training.map(\.kind) == expected.filter(vectors.contains))
  }

  @Test func whatEmulationCostsIsSaid() {
    let capabilities = EngineCapabilities(bfloat16: .emulated, hasAVX2: true, hasAVX512: true)
    let warnings = DoctorWarning.kernels(capabilities, host: "node1", precision: .bf16)
    #expect(
      warnings.map(\.finding) == [
        "node1: bfloat16 is emulated (kernels have no AVX512_BF16, no AMX): precision bf16 takes 2 to "
          + "4 times as long as f32"
      ])
  }

  @Test func theEnvironmentAndTheBuildAreJudged() {
    #expect(kinds(ranks(2) { $0.ompNumThreads = "4" }) == [.ompNumThreadsIgnored])
    #expect(kinds(ranks(2) { $0.isDebugBuild = true }) == [.debugBuild])
    #expect(kinds(ranks(3)) == [.worldSizeNotPowerOfTwo])
  }

  @Test func ranksThatWouldComputeDifferentBitsAreFound() {
    #expect(kinds(ranks(2) { $0.engine.instructionSet = "avx\($0.rank)" }) == [.differentEngines])
    #expect(kinds(ranks(2) { $0.mpiLibrary = "Open MPI \($0.rank)" }) == [.differentMPI])
  }

  @Test func everyWarningNamesAFix() {
    let bad = ranks(3) {
      $0.threads = 2
      $0.limits = ControlGroupLimits(cores: 1, memoryBytes: 1)
      $0.sharedMemory = nil
      $0.capabilities = EngineCapabilities(
        bfloat16: .missing, hasAVX2: false, hasAVX512: false)
      $0.ompNumThreads = "1"
      $0.isDebugBuild = true
      $0.mpiLibrary += "\($0.rank)"
      $0.engine.library += "\($0.rank)"
    }
    let warnings = DoctorWarning.all(for: bad)
    #expect(warnings.count == 11)
    #expect(warnings.allSatisfy { !$0.finding.isEmpty && !$0.fix.isEmpty })
  }

  @Test func numbersAreListedAsRuns() {
    #expect(DoctorWarning.list([0, 1, 2, 5]) == "0-2, 5")
    #expect(DoctorWarning.list([3]) == "3")
    #expect(DoctorWarning.list([]) == "")
  }
}
