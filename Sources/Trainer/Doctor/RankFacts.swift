import Distributed
import Nets

/// What one rank sees of its machine. Facts only: `DoctorWarning` judges them.
public struct RankFacts: Codable, Equatable, Sendable {
  /// The rank these facts are of.
  public var rank: Int
  /// The rank's host.
  public var host: String
  /// The processor's own name for itself.
  public var processor: String
  /// Those of `InstructionSet` that the processor has.
  public var instructionSets: [InstructionSet]
  /// What the kernels make of the processor.
  public var capabilities: EngineCapabilities
  /// What the bits of results depend on: kernel library, effective instruction set, threads.
  public var engine: EngineIdentity
  /// The cores this rank may run on, by number.
  public var boundCores: [Int]
  /// The cores of the host.
  public var hostCores: Int
  /// The limits that the job's control group sets.
  public var limits: ControlGroupLimits
  /// Memory of the host, and what of it is free, in bytes.
  public var memory: Capacity
  /// The file system that ranks of one host exchange data through, in bytes; nil without one.
  public var sharedMemory: Capacity?
  /// The disk of the current folder, in bytes.
  public var disk: Capacity?
  /// The MPI library's description of itself.
  public var mpiLibrary: String
  /// What MPI allows threads to do.
  public var threadLevel: ThreadLevel
  /// Libraries in this process.
  public var libraries: [LoadedLibrary]
  /// The batch system and job, such as "Slurm job 12"; nil outside of one.
  public var scheduler: String?
  /// The value of OMP_NUM_THREADS, which AVER does not follow; nil when unset.
  public var ompNumThreads: String?
  /// The program was compiled without optimisation.
  public var isDebugBuild: Bool
  /// The threads a rank is going to use.
  public var threads: Int
}

/// A size and what is left of it, in bytes.
public struct Capacity: Codable, Equatable, Sendable {
  /// All of it.
  public var totalBytes: Int64
  /// What can still be used.
  public var freeBytes: Int64
}

/// Instruction sets that decide how fast training is.
public enum InstructionSet: String, Codable, CaseIterable, Sendable {
  case avx2 = "AVX2"
  case avx512 = "AVX-512"
  case avx512BFloat16 = "AVX512_BF16"
  case amx = "AMX"

  /// The flags of /proc/cpuinfo that an instruction set needs.
  var flags: [String] {
    switch self {
    case .avx2: ["avx2", "fma"]
    // What oneDNN calls avx512_core.
    case .avx512: ["avx512f", "avx512bw", "avx512vl", "avx512dq"]
    case .avx512BFloat16: ["avx512_bf16"]
    case .amx: ["amx_tile", "amx_bf16"]
    }
  }
}
