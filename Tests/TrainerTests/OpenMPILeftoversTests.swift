import Foundation
import TestSupport
import Testing

@testable import Trainer

@Suite("Leftovers of Open MPI")
struct OpenMPILeftoversTests {
  private let temporary: TemporaryFolder
  private let shared: TemporaryFolder
  private let user = geteuid()
  /// The number of a process that has ended.
  private let mpirun: Int32

  init() throws {
    (temporary, shared) = (try TemporaryFolder(), try TemporaryFolder())
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    mpirun = process.processIdentifier
  }

  private func makeSession(_ process: Int32, contact: String) throws -> String {
    let folder = "\(temporary.path)/ompi.n1.cluster.\(user)/pid.\(process)"
    try FileManager.default.createDirectory(
      atPath: "\(folder)/1/0", withIntermediateDirectories: true)
    try Data(contact.utf8).write(to: URL(fileURLWithPath: "\(folder)/contact.txt"))
    return folder
  }

  private func makeSegment(_ name: String) throws -> String {
    try shared.write("memory", to: name)
  }

  private func leftovers(of process: Int32) -> OpenMPILeftovers {
    OpenMPILeftovers(
      ofLauncher: process, temporaryFolders: [temporary.path, temporary.path],
      sharedMemory: shared.path)
  }

  private func remove(of process: Int32) -> Set<String> {
    Set(leftovers(of: process).remove() ?? [])
  }

  @Test("the session folder and the segments of all its jobs go, and nothing else")
  func own() throws {
    // 1331101696 is 4f570000 in hexadecimal.
    let session = try makeSession(mpirun, contact: "1331101696.0;tcp://192.0.2.2:1\n\(mpirun)\n")
    let other = try makeSession(1, contact: "1331167232.0;tcp://192.0.2.2:2\n1\n")
    let own = try ["4f570001.0", "4f570001.12", "4f570002.0"].map {
      try makeSegment("vader_segment.n1.cluster.\(user).\($0)")
    }
    let others = try [
      "vader_segment.n1.cluster.\(user).4f580001.0", "vader_segment.n1.\(user).4f570001.0",
      "vader_segment.n1.cluster.\(user + 1).4f570001.0", "4f570001.0",
      "vader_segment.n1.cluster.\(user).4f570001",
    ].map(makeSegment)
    #expect(remove(of: mpirun) == Set(own + [session]))
    for path in own + [session] { #expect(!FileManager.default.fileExists(atPath: path)) }
    for path in others + [other] { #expect(FileManager.default.fileExists(atPath: path)) }
    #expect(remove(of: mpirun).isEmpty)
  }

  @Test("nothing is touched while the process is there")
  func alive() throws {
    let process = getpid()
    let session = try makeSession(process, contact: "1331101696.0;tcp://x\n\(process)\n")
    #expect(remove(of: process).isEmpty)
    #expect(FileManager.default.fileExists(atPath: session))
  }

  @Test("a job's leftovers stay while a process has one of its segments mapped")
  func mapped() throws {
    let session = try makeSession(mpirun, contact: "1331101696.0;tcp://x\n\(mpirun)\n")
    let segment = try makeSegment("vader_segment.n1.cluster.\(user).4f570001.0")
    let file = open(segment, O_RDONLY)
    let memory = mmap(nil, 1, PROT_READ, MAP_SHARED, file, 0)
    close(file)
    #expect(leftovers(of: mpirun).remove() == nil)
    // Without it, the segment would not be found again.
    #expect(FileManager.default.fileExists(atPath: session))
    munmap(memory, 1)
    #expect(remove(of: mpirun) == [segment, session])
  }

  @Test("what a daemon of mpirun leaves is found by what its ranks were told")
  func daemon() throws {
    let folder = "\(temporary.path)/ompi.n1.cluster.\(user)/jf.6247"
    let session = try #require(
      OpenMPISession([
        "OMPI_MCA_orte_jobfam_session_dir": folder, "OMPI_MCA_ess_base_jobid": "409403393",
      ]))
    try FileManager.default.createDirectory(
      atPath: "\(folder)/1/0", withIntermediateDirectories: true)
    let own = try makeSegment("vader_segment.n1.cluster.\(user).18670001.0")
    let other = try makeSegment("vader_segment.n1.cluster.\(user).18680001.0")
    #expect(remove(of: mpirun).isEmpty)
    let removed = OpenMPILeftovers(
      ofLauncher: mpirun, told: session, temporaryFolders: [], sharedMemory: shared.path
    ).remove()
    #expect(Set(removed ?? []) == [own, folder])
    #expect(session.launcher == nil)
    #expect(OpenMPISession(folder: "/tmp/ompi.n1.0/pid.125", family: 1).launcher == 125)
    #expect(FileManager.default.fileExists(atPath: other))
  }

  @Test("a session folder that another mpirun of the same number has made stays")
  func numberGivenAgain() throws {
    let session = try makeSession(mpirun, contact: "1331101696.0;tcp://x\n\(mpirun)\n")
    let leftovers = { (family: UInt32) in
      OpenMPILeftovers(
        ofLauncher: mpirun, told: OpenMPISession(folder: session, family: family),
        temporaryFolders: [], sharedMemory: shared.path)
    }
    #expect(leftovers(7).remove() == [])
    #expect(leftovers(1_331_101_696 >> 16).remove() == [session])
  }

  @Test("empty session folders go once they are a minute old, others stay")
  func empty() throws {
    let folder = "\(temporary.path)/ompi.n1.cluster.\(user)"
    for name in ["jf.1", "jf.2/1/0", "pid.3"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    let names = { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
    OpenMPILeftovers.removeEmptySessions(in: [temporary.path])
    #expect(try names() == ["jf.1", "jf.2", "pid.3"])
    OpenMPILeftovers.removeEmptySessions(
      in: [temporary.path], now: Date(timeIntervalSinceNow: 61))
    #expect(try names() == ["jf.2", "pid.3"])
  }

  @Test(
    "a session folder that does not say whose it is stays",
    arguments: ["", "1331101696.0;tcp://x\n", "1331101696.0;tcp://x\n1\n", "job\n"])
  func unclear(contact: String) throws {
    _ = try makeSession(mpirun, contact: contact)
    _ = try makeSegment("vader_segment.n1.cluster.\(user).4f570001.0")
    #expect(remove(of: mpirun).isEmpty)
  }
}

@Suite("Marks of launchers")
struct LauncherMarksTests {
  @Test("what dead launchers left is removed once, and nothing of living ones or other systems")
  func replacing() throws {
    let temporary = try TemporaryFolder()
    let marks = LauncherMarks(folder: "\(temporary.path)/marks")
    let own = FileWriter.current
    let dead = FileWriter(numbering: own.numbering, process: .max)
    let elsewhere = FileWriter(numbering: "elsewhere", process: .max)
    let session = OpenMPISession(folder: "/tmp/ompi.n2.0/jf.6247", family: 6247)
    var removed: [Int32] = []
    // The first time, ranks are still there.
    let remove = { (process: Int32, told: OpenMPISession?) in
      #expect(told == session)
      removed.append(process)
      return removed.count > 1
    }
    for launcher in [dead, elsewhere, own] {
      marks.replace(with: launcher, session: session, remove: remove)
    }
    marks.replace(with: own, session: nil, remove: remove)
    #expect(removed == [dead.process, dead.process])
    let names = { try FileManager.default.contentsOfDirectory(atPath: marks.folder).sorted() }
    #expect(try names() == [own.name, elsewhere.name].sorted())
  }

  @Test("a folder that others can write to is not believed")
  func othersFolder() throws {
    let temporary = try TemporaryFolder()
    let dead = FileWriter(numbering: FileWriter.current.numbering, process: .max)
    _ = try temporary.write("", to: "marks/\(dead.name)")
    try #require(chmod("\(temporary.path)/marks", 0o777) == 0)
    LauncherMarks(folder: "\(temporary.path)/marks").replace(with: .current, session: nil) {
      _, _ in
      Issue.record("removed on another's word")
      return true
    }
  }
}
