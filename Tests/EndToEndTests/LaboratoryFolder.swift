import Foundation
import Testing

/// A folder that the tests of a process share. Models are large: what a test trained goes with it, unless
/// others look at the same run.
struct LaboratoryFolder {
  /// The folder.
  let path: String
  private static let prefix = "aver-laboratory-"
  /// A file in the runs that stay.
  private static let shared = ".shared-by-tests"

  /// A new folder, which the end of the process removes. Those of processes that were killed go now.
  init(_ name: String) throws {
    let parent = NSTemporaryDirectory()
    for folder in try FileManager.default.contentsOfDirectory(atPath: parent)
    where folder.hasPrefix(Self.prefix) {
      let process = folder.split(separator: "-").last.flatMap { Int32($0) }
      guard let process, kill(process, 0) != 0, errno == ESRCH else { continue }
      try FileManager.default.removeItem(atPath: parent + folder)
    }
    path = parent + "\(Self.prefix)\(name)-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    atexit { LaboratoryFolder.removeAll() }
  }

  /// All folders of this process.
  private static var all: [LaboratoryFolder] {
    let parent = NSTemporaryDirectory()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    let ending = "-\(ProcessInfo.processInfo.processIdentifier)"
    return names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(ending) }
      .map { LaboratoryFolder(existing: parent + $0) }
  }

  private init(existing path: String) { self.path = path }

  private static func removeAll() {
    for folder in all { try? FileManager.default.removeItem(atPath: folder.path) }
  }

  /// Makes a run that several tests look at, unless one of them has.
  ///
  /// - Parameter train: trains to the end; what a failure left is removed before.
  func once(_ run: String, _ train: () throws -> Void) throws {
    let marker = "\(path)/\(run)/\(Self.shared)"
    guard !FileManager.default.fileExists(atPath: marker) else { return }
    try? FileManager.default.removeItem(atPath: "\(path)/\(run)")
    try train()
    try Data().write(to: URL(fileURLWithPath: marker))
  }

  /// Removes the runs that no other test looks at.
  static func removeRuns() throws {
    for folder in all {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        let run = "\(folder.path)/\(name)"
        let has = { (file: String) in FileManager.default.fileExists(atPath: "\(run)/\(file)") }
        if has("checkpoints"), !has(shared) { try FileManager.default.removeItem(atPath: run) }
      }
    }
  }
}

/// Removes what each test has trained.
struct RemovingRuns: SuiteTrait, TestTrait, TestScoping {
  let isRecursive = true

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await function()
    try LaboratoryFolder.removeRuns()
  }
}

extension Trait where Self == RemovingRuns {
  /// Removes what each test has trained.
  static var removingRuns: Self { Self() }
}
