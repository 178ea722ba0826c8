import Foundation

/// The parser of this process. Not isolated, because libFuzzer calls from one thread.
nonisolated(unsafe) private var target: FuzzTarget?

/// Chooses the parser by the environment, which libFuzzer leaves alone: `AVER_FUZZ_TARGET`. Where
/// `AVER_FUZZ_SEEDS` names a folder, the parser's seeds are written there, for libFuzzer to find.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
  let environment = ProcessInfo.processInfo.environment
  guard let chosen = FuzzTarget.all.first(where: { $0.name == environment["AVER_FUZZ_TARGET"] })
  else {
    print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
    exit(environment["AVER_FUZZ_TARGET"] == nil ? 0 : 64)
  }
  if let folder = environment["AVER_FUZZ_SEEDS"] {
    for (index, seed) in chosen.seeds.enumerated() {
      let isWritten = FileManager.default.createFile(
        atPath: "\(folder)/seed-\(index)", contents: Data(seed))
      require(isWritten, "the seeds cannot be written to \(folder)")
    }
  }
  target = chosen
  return 0
}

/// Gives the parser some bytes: they are parsed, or refused with an error that the parser declares.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let target else { return 0 }
  // A copy of this very length, so that reading behind it is seen.
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    try target.parse(bytes)
  } catch {
    requireGoodMessage(error, from: target)
  }
  return 0
}

/// An error is of the declared kind and its message can be shown.
private func requireGoodMessage(_ error: any Error, from target: FuzzTarget) {
  require(target.declares(error), "\(type(of: error)) is not declared: \(error)")
  let message = "\(error)"
  require(!message.isEmpty, "an error without a message")
  require(message.utf8.count <= 1 << 16, "a message of \(message.utf8.count) bytes")
}

/// Ends the process, and so reports the input, where something does not hold that should.
func require(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds {
    FileHandle.standardError.write(Data("broken promise: \(what())\n".utf8))
    abort()
  }
}
