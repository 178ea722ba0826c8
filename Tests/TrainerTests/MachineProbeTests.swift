import Foundation
import Testing

@testable import Trainer

@Suite struct MachineProbeTests {
  /// The limits of a process on a machine that has these files only.
  func limits(_ files: [String: String]) -> ControlGroupLimits {
    ControlGroupLimits { files[$0] }
  }

  @Test func limitsOfControlGroupsVersion2AreRead() {
    let found = limits([
      "/proc/self/cgroup": "0::/job/step\n",
      "/sys/fs/cgroup/job/step/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/job/step/memory.max": "2147483648\n",
      "/sys/fs/cgroup/job/cpu.max": "150000 100000\n",
      "/sys/fs/cgroup/job/memory.max": "4294967296\n",
    ])
    #expect(found == ControlGroupLimits(cores: 1.5, memoryBytes: 2 << 30))
  }

  @Test func limitsOfControlGroupsVersion1AreRead() {
    let found = limits([
      "/proc/self/cgroup": "4:memory:/box\n3:cpu,cpuacct:/box\n0::/\n",
      "/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "400000\n",
      "/sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/memory/box/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n",
    ])
    #expect(found == ControlGroupLimits(cores: 4, memoryBytes: 1 << 30))
  }

  @Test func aMachineWithoutControlGroupsHasNoLimits() {
    #expect(limits([:]) == ControlGroupLimits())
    #expect(limits(["/proc/self/cgroup": "0::/\n"]) == ControlGroupLimits())
  }

  @Test func theProcessorsNameAndInstructionSetsAreRead() {
    let found = MachineProbe.processor(
      """
      processor\t: 0
      model\t\t: 17
      model name\t: A Processor: Model 9
      flags\t\t: fma avx2 avx512f avx512bw avx512vl avx512dq amx_tile
      processor\t: 1
      model name\t: Another
      """)
    #expect(found.name == "A Processor: Model 9")
    #expect(found.instructionSets == [.avx2, .avx512])
    #expect(MachineProbe.processor("").name == "unknown")
  }

  @Test func boundCoresAreRead() {
    let text = "Name:\taver\nCpus_allowed:\tff\nCpus_allowed_list:\t0-2,8,10-11\n"
    #expect(MachineProbe.boundCores(text) == [0, 1, 2, 8, 10, 11])
    #expect(MachineProbe.boundCores("") == [])
  }

  @Test func memoryIsRead() {
    let text = "MemTotal:       2048 kB\nMemFree:  1 kB\nMemAvailable:   1024 kB\n"
    #expect(
      MachineProbe.memory(text) == Capacity(totalBytes: 2048 << 10, freeBytes: 1024 << 10))
  }

  @Test func theBatchSystemIsRecognised() {
    func scheduler(_ environment: [String: String]) -> String? {
      MachineProbe(read: { _ in nil }, environment: environment).scheduler
    }
    #expect(scheduler(["SLURM_JOB_ID": "12"]) == "Slurm job 12")
    #expect(scheduler(["PBS_JOBID": "7.head"]) == "PBS job 7.head")
    #expect(scheduler([:]) == nil)
  }

  @Test func theCachesSizeIsRead() {
    func bytes(_ text: String?) -> Int {
      MachineProbe(read: { _ in text }, environment: [:]).lastLevelCacheBytes
    }
    #expect(bytes("16384K\n") == 16 << 20)
    #expect(bytes(nil) == 32 << 20)
  }

  @Test func theKernelsFilesAreReadToTheirEnd() throws {
    let maps = try #require(MachineProbe.ofThisMachine.read("/proc/self/maps"))
    #expect(maps.contains("libc.so"), "the C library is mapped late in the file")
  }

  @Test func librariesStateTheirVersions() {
    let maps = """
      7f0000000000-7f0000001000 r--p 00000000 fe:00 12   /usr/lib/libturbojpeg.so.0.2.0
      7f0000001000-7f0000002000 r-xp 00001000 fe:00 12   /usr/lib/libturbojpeg.so.0.2.0
      7f0000003000-7f0000004000 r-xp 00001000 fe:00 13   /usr/local/lib/libmpi.so.40.30.4
      7f0000005000-7f0000006000 rw-p 00000000 00:00 0
      """
    let contents = Data("x libjpeg-turbo version %s\0libjpeg-turbo version 2.1.5 (build)".utf8)
    let found = LoadedLibrary.inMaps(maps) { path in
      path == "/usr/lib/libturbojpeg.so.0.2.0" ? contents : nil
    }
    #expect(
      found == [
        LoadedLibrary(file: "libmpi.so.40.30.4", statedVersion: nil),
        LoadedLibrary(file: "libturbojpeg.so.0.2.0", statedVersion: "2.1.5"),
      ])
  }

  @Test func bandwidthIsAllBytesInTheSlowestRanksTime() {
    let samples = [
      MemoryBandwidth.Sample(bytes: 10, seconds: 1), MemoryBandwidth.Sample(bytes: 10, seconds: 4),
    ]
    #expect(MemoryBandwidth.together(samples) == 5)
  }

  @Test(arguments: [([3, 1, 2], 2), ([4, 1, 2, 3], 2.5), ([], 0)] as [([Double], Double)])
  func theMedianIsTheMiddle(values: [Double], expected: Double) {
    #expect(values.median == expected)
  }
}
