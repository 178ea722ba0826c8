import CounterRandom
import Foundation
import Testing

@testable import Datasets

private func block(_ name: String, _ byteCount: Int, type: Character = "0") -> [UInt8] {
  var block = TarHeader(name: name, byteCount: byteCount).block ?? []
  block[156] = type.asciiValue ?? 0
  return summed(block)
}

/// The block with its checksum set right.
private func summed(_ block: [UInt8]) -> [UInt8] {
  var block = block
  block.replaceSubrange(148..<156, with: Array("        ".utf8))
  let digits = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
  let text = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
  block.replaceSubrange(148..<156, with: Array(text.utf8))
  return block
}

private func padded(_ text: String) -> [UInt8] {
  let bytes = Array(text.utf8)
  return bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
}

private let end = [UInt8](repeating: 0, count: 1024)

private func members(_ bytes: [UInt8]) throws -> [TarReader.Member] {
  let scratch = try Scratch()
  var reader = TarReader(try OpenShard(path: try scratch.file("a.tar", bytes)))
  var members: [TarReader.Member] = []
  while let member = try reader.next() { members.append(member) }
  return members
}

/// The message of the error that reading ends with, from the file's name on.
private func message(_ bytes: [UInt8]) throws -> String {
  let error = #expect(throws: DatasetError.self) { _ = try members(bytes) }
  let whole = try "\(#require(error))"
  return String(whole[try #require(whole.range(of: "a.tar")).lowerBound...])
}

private func run(_ command: String, in folder: String) throws -> Bool {
  let process = Process()
  process.executableURL = URL(filePath: "/bin/sh")
  process.arguments = ["-c", command]
  process.currentDirectoryURL = URL(filePath: folder)
  process.standardError = FileHandle.nullDevice
  process.standardOutput = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  return process.terminationStatus == 0
}

@Suite struct TarTests {
  private let names = [
    "a.jpg", "dir/b.json", String(repeating: "long/", count: 30) + "c.jpg",
    String(repeating: "x", count: 200) + ".jpg", "ä ö/ü.jpg", String(repeating: "y", count: 101),
  ]

  @Test func whatIsWrittenIsRead() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/a.tar"
    let writer = try TarWriter(path: path)
    var extents: [Range<Int>] = []
    for (index, name) in names.enumerated() {
      let content = [UInt8](repeating: UInt8(index), count: index * 511)
      extents.append(try content.withUnsafeBytes { try writer.append(name, $0) })
    }
    #expect(!FileManager.default.fileExists(atPath: path))
    try writer.finish()
    let read = try members(Array(Data(contentsOf: URL(filePath: path))))
    #expect(read.map(\.name) == names && read.map(\.extent) == extents)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["a.tar"])
  }

  @Test func anUnfinishedFileLeavesNothing() throws {
    let scratch = try Scratch()
    do {
      let writer = try TarWriter(path: "\(scratch.path)/a.tar")
      try [1, 2, 3].withUnsafeBytes { _ = try writer.append("a", $0) }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
  }

  @Test(arguments: ["ustar", "pax", "gnu", "oldgnu", "v7"])
  func whatGNUTarWritesIsRead(format: String) throws {
    let scratch = try Scratch()
    let long = format == "v7" ? "short.jpg" : String(repeating: "d/", count: 60) + "c.jpg"
    for name in ["in/x.jpg", "in/\(long)"] { _ = try scratch.file(name, "content of \(name)") }
    try #require(
      try run("cd in && tar --format=\(format) -cf ../a.tar .", in: scratch.path), "needs tar")
    let bytes = Array(try Data(contentsOf: URL(filePath: "\(scratch.path)/a.tar")))
    let read = try members(bytes)
    #expect(Set(read.map(\.name)) == ["x.jpg", long])
    for member in read {
      #expect(
        String(decoding: bytes[member.extent], as: UTF8.self) == "content of in/\(member.name)")
    }
  }

  @Test func gnuTarReadsWhatIsWritten() throws {
    let scratch = try Scratch()
    let writer = try TarWriter(path: "\(scratch.path)/a.tar")
    for name in names { try Array(name.utf8).withUnsafeBytes { _ = try writer.append(name, $0) } }
    try writer.finish()
    try #require(try run("mkdir out && tar -xf a.tar -C out", in: scratch.path), "needs tar")
    for name in names {
      #expect(try String(contentsOfFile: "\(scratch.path)/out/\(name)", encoding: .utf8) == name)
    }
  }

  @Test(arguments: [
    ("../etc/passwd", "'../etc/passwd' is no name below"), ("/etc/passwd", "is no name below"),
    ("..\u{2F}\u{301}a", "is no name below"), ("a/../../b", "is no name below"),
    ("", "'' is no name below"), ("a//b", "is no name below"),
  ])
  func namesThatLeaveTheirFolderAreRefused(name: String, problem: String) throws {
    let text = try message(block("good.jpg", 0) + block(name, 3) + padded("abc") + end)
    #expect(text.hasPrefix("a.tar: at byte 512: ") && text.contains(problem), "\(text)")
  }

  @Test(arguments: [
    ("1", "a hard link"), ("2", "a symbolic link"), ("3", "a device"), ("4", "a device"),
    ("6", "a pipe"), ("S", "a sparse file"), ("Z", "of the unknown type 90"),
  ])
  func onlyPlainFilesAreTaken(type: Character, what: String) throws {
    let text = try message(block("x", 0, type: type) + end)
    #expect(text == "a.tar: at byte 0: 'x' is \(what), not a plain file")
  }

  @Test func sizesThatLieAreNamed() throws {
    let text = try message(block("x", 5000) + padded("abc") + end)
    #expect(text == "a.tar: at byte 0: 'x' claims 5000 bytes where 1536 are left")
    var huge = block("x", 0)
    huge.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0xFF, count: 11))
    #expect(try message(summed(huge) + end) == "a.tar: at byte 0: the member's size is no number")
    huge.replaceSubrange(
      124..<136, with: [0x80, 0, 0, 0, 0, 0x7F] + [UInt8](repeating: 0xFF, count: 6))
    #expect(try message(summed(huge) + end).contains("claims"))
  }

  @Test func damageIsNamed() throws {
    var wrong = block("x", 0)
    wrong[0] = UInt8(ascii: "y")
    #expect(try message(wrong + end) == "a.tar: at byte 0: the header's checksum is wrong")
    let whole = block("x", 3) + padded("abc") + end
    for length in [0, 100, 512, 1024, 1300] {
      _ = try message(Array(whole[..<length]))
    }
    #expect(try message(Array(whole[..<1024])).contains("truncated"))
    #expect(try members(whole).count == 1)
  }

  @Test(arguments: [
    "99 path=x\n", "path=x\n", "9 path=x", "-5 path=x\n", "10 path  x\n",
    "99999999999999999999 a=b\n",
    "12 size=-5\n", "12 size=abc\n", "3 \n",
  ])
  func paxRecordsThatContradictThemselvesAreRefused(records: String) throws {
    let text = try message(
      block("pax", records.utf8.count, type: "x") + padded(records) + block("a", 0) + end)
    #expect(text.hasPrefix("a.tar: at byte 0: a pax record"), "\(text)")
  }

  @Test func recordsWithoutEndAreRefusedBeforeTheyAreRead() throws {
    let count = 3 << 20
    let text = try message(
      block("pax", count, type: "L") + [UInt8](repeating: 0x61, count: count) + end)
    #expect(text == "a.tar: at byte 0: records of 3145728 bytes about one member are refused")
  }

  /// Whatever the bytes are, they give members within the file, or an error.
  @Test func hostileBytesNeverTrap() throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/a.tar"
    let writer = try TarWriter(path: path)
    for name in names { try Array(name.utf8).withUnsafeBytes { _ = try writer.append(name, $0) } }
    try writer.finish()
    let whole = Array(try Data(contentsOf: URL(filePath: path)))
    var refused = 0
    for round in 0..<600 {
      var random = CounterRandom(seed: 3, index: round, purpose: .sampleOrder)
      var bytes = whole
      let start = 512 * random.integer(below: bytes.count / 512)
      for _ in 0..<(1 + round % 4) {
        bytes[start + random.integer(below: 512)] = UInt8(random.integer(below: 256))
      }
      // With a right checksum the other fields are what is tested.
      if round % 2 == 0 {
        bytes.replaceSubrange(
          start..<(start + 512), with: summed(Array(bytes[start..<(start + 512)])))
      }
      do {
        for member in try members(bytes) { #expect(member.extent.upperBound <= bytes.count) }
      } catch is DatasetError {
        refused += 1
      }
    }
    #expect(refused > 100 && refused < 600)
  }
}
