import Foundation
import Nets
import TestSupport
import Testing

@testable import Trainer

/// Files that several runs write.
@Suite("Shared folders")
struct SharedFolderTests {
  private let tensors: [Tensor]

  init() throws { tensors = [try Tensor(name: "x", shape: [2], floats: [1, 2])] }

  @Test("a file is written into a folder that is made, and nothing stays beside it")
  func written() throws {
    let temporary = try TemporaryFolder()
    let folder = SharedFolder(path: "\(temporary.path)/new/shared")
    let file = "\(folder.path)/x.safetensors"
    for _ in 0..<2 { try folder.write(tensors, metadata: ["a": "b"], to: file) }
    let reader = try SafetensorsReader(path: file)
    #expect(reader.metadata["a"] == "b")
    try SharedFolder.requireContent(tensors, of: reader)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.safetensors"])
  }

  @Test("what is not what was written is set aside and told, what is not there is only not there")
  func broken() throws {
    let temporary = try TemporaryFolder()
    let file = "\(temporary.path)/x.safetensors"
    var reports: [String] = []
    func read() throws -> [Float]? {
      try SharedFolder.whole(file, remedy: "it is made again", report: { reports.append($0) }) {
        let reader = try SafetensorsReader(path: file)
        let tensor = try reader.tensor("x")
        try SharedFolder.requireContent([tensor], of: reader)
        return tensor.floats()
      }
    }
    #expect(try read() == nil)
    try SharedFolder(path: temporary.path).write(tensors, to: file)
    #expect(try read() == [1, 2])
    #expect(reports.isEmpty)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: URL(fileURLWithPath: file))
    #expect(try read() == nil)
    #expect(reports.count == 1)
    #expect(reports[0].contains("it is made again") && reports[0].contains("not what was written"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: temporary.path)
        == ["x.safetensors.broken"])
  }

  @Test("a file that cannot be written is the system's fault, not the content's")
  func unwritable() throws {
    let temporary = try TemporaryFolder()
    let file = try temporary.write("", to: "file")
    #expect {
      try SharedFolder(path: temporary.path).write(tensors, to: "\(file)/x.safetensors")
    } throws: { error in
      guard case TrainerError.system = error else { return false }
      return true
    }
  }

  @Test("only what a dead process of this system was writing is removed")
  func abandoned() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    let (own, dead) = (FileWriter.current, process.processIdentifier)
    let folder = try TemporaryFolder()
    let kept = [
      "x.\(own.name).writing",
      "x.\(FileWriter(numbering: "elsewhere", process: dead).name).writing",
      "x.\(own.numbering)--1.writing", "x.\(own.numbering)-0.writing", "x.\(dead).writing",
      "x.writing", "x.\(FileWriter(numbering: own.numbering, process: dead).name).safetensors",
      "x.unknown-\(dead).writing",
    ]
    let abandoned = "x.\(FileWriter(numbering: own.numbering, process: dead).name).writing"
    for name in kept + [abandoned] { _ = try folder.write("", to: name) }
    SharedFolder(path: folder.path).removeAbandoned()
    #expect(
      try Set(FileManager.default.contentsOfDirectory(atPath: folder.path)) == Set(kept))
    SharedFolder(path: folder.path + "/nowhere").removeAbandoned()
  }

  @Test("a process is found by its name")
  func names() {
    let own = FileWriter.current
    #expect(FileWriter(name: own.name[...]) == own && own == FileWriter.current && !own.isDead)
    #expect(FileWriter(name: "unknown-1") != nil && FileWriter(name: "a-b-1") == nil)
  }

  @Test("a process that nobody has asked how it ended counts as dead")
  func ended() throws {
    var process = pid_t()
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
    defer { free(arguments[0]) }
    try #require(posix_spawn(&process, "/bin/true", nil, nil, &arguments, nil) == 0)
    var end = siginfo_t()
    try #require(waitid(P_PID, id_t(process), &end, WEXITED | WNOWAIT) == 0)
    #expect(kill(process, 0) == 0 && FileWriter.hasEnded(process))
    #expect(!FileWriter.hasEnded(getpid()))
    try #require(waitpid(process, nil, 0) == process)
  }
}
