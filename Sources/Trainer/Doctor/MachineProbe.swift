import Distributed
import Foundation
import Nets

/// Finds out the facts about this rank's machine. The only part of the doctor that looks at it.
struct MachineProbe {
  /// The text of a file; nil when it cannot be read.
  var read: (String) -> String?
  /// The process's environment.
  var environment: [String: String]

  /// The probe of the machine this runs on.
  static var ofThisMachine: MachineProbe {
    MachineProbe(
      read: { path in
        // Not FileManager: it stops after one block of the kernel's files, which have no size.
        let data = try? FileHandle(forReadingAtPath: path)?.readToEnd()
        return data.map { String(decoding: $0, as: UTF8.self) }
      },
      environment: ProcessInfo.processInfo.environment)
  }

  /// - Throws: `MPIError`.
  func facts(communicator: Communicator, threads: Int) throws -> RankFacts {
    let processor = Self.processor(read("/proc/cpuinfo") ?? "")
    return RankFacts(
      rank: communicator.rank, host: communicator.hostName, processor: processor.name,
      instructionSets: processor.instructionSets, capabilities: Engine.capabilities,
      engine: Engine.identity(threads: threads),
      boundCores: Self.boundCores(read("/proc/self/status") ?? ""),
      hostCores: ProcessInfo.processInfo.processorCount,
      limits: ControlGroupLimits(read: read), memory: Self.memory(read("/proc/meminfo") ?? ""),
      sharedMemory: Self.fileSystem("/dev/shm"),
      disk: Self.fileSystem(FileManager.default.currentDirectoryPath),
      mpiLibrary: try Communicator.libraryVersion(), threadLevel: communicator.threadLevel,
      libraries: LoadedLibrary.inMaps(read("/proc/self/maps") ?? "") {
        FileManager.default.contents(atPath: $0)
      },
      scheduler: scheduler, ompNumThreads: environment["OMP_NUM_THREADS"],
      isDebugBuild: Self.isDebugBuild, threads: threads)
  }

  /// The batch system this process runs under, by the variables that it sets for its jobs.
  var scheduler: String? {
    let variables = [("SLURM_JOB_ID", "Slurm"), ("PBS_JOBID", "PBS")]
    return variables.lazy.compactMap { variable, name in
      environment[variable].map { "\(name) job \($0)" }
    }.first
  }

  /// The bytes of the processor's last level of cache; 32 MiB when the machine does not say.
  var lastLevelCacheBytes: Int {
    let folder = "/sys/devices/system/cpu/cpu0/cache/index3/size"
    let text = (read(folder) ?? "").filter { !$0.isWhitespace }
    guard text.hasSuffix("K"), let kibibytes = Int(text.dropLast()) else { return 32 << 20 }
    return kibibytes << 10
  }

  private static var isDebugBuild: Bool {
    #if DEBUG
      true
    #else
      false
    #endif
  }

  // MARK: - Reading the kernel's texts

  /// The processor's name and instruction sets, from a text in the form of /proc/cpuinfo.
  static func processor(_ text: String) -> (name: String, instructionSets: [InstructionSet]) {
    let flags = Set((field("flags", of: text) ?? "").split(separator: " ").map(String.init))
    let sets = InstructionSet.allCases.filter { flags.isSuperset(of: $0.flags) }
    return (field("model name", of: text) ?? "unknown", sets)
  }

  /// The cores that a text in the form of /proc/self/status allows: what sched_getaffinity says.
  static func boundCores(_ text: String) -> [Int] {
    (field("Cpus_allowed_list", of: text) ?? "").split(separator: ",").flatMap { part in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [Int]() }
      return Array(first...last)
    }
  }

  /// Total and available memory, from a text in the form of /proc/meminfo.
  static func memory(_ text: String) -> Capacity {
    func bytes(_ name: String) -> Int64 {
      let words = (field(name, of: text) ?? "").split(separator: " ")
      return words.first.flatMap { Int64($0) }.map { $0 << 10 } ?? 0
    }
    return Capacity(totalBytes: bytes("MemTotal"), freeBytes: bytes("MemAvailable"))
  }

  /// The value of the first line "name : value".
  private static func field(_ name: String, of text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      let parts = line.split(separator: ":", maxSplits: 1).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      if parts.count == 2, parts[0] == name {
        return parts[1]
      }
    }
    return nil
  }

  private static func fileSystem(_ path: String) -> Capacity? {
    guard let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path),
      let total = attributes[.systemSize] as? NSNumber,
      let free = attributes[.systemFreeSize] as? NSNumber
    else { return nil }
    return Capacity(totalBytes: total.int64Value, freeBytes: free.int64Value)
  }
}
