import Foundation
import Testing

@testable import Launcher

@Suite("New run folders")
struct NewRunFolderTests {
  @Test("those of one second differ, and go where nothing came of the run")
  func differ() throws {
    let parent = NSTemporaryDirectory() + "aver-launcher-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: parent) }
    let folders = try (0..<3).map { _ in try NewRunFolder(named: "\(parent)/runs/teacher-1") }
    #expect(
      folders.map(\.path)
        == ["", "-2", "-3"].map { "\(parent)/runs/teacher-1\($0)" })
    try Data().write(to: URL(fileURLWithPath: "\(folders[0].path)/config.yaml"))
    for folder in folders { folder.removeIfEmpty() }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(parent)/runs") == ["teacher-1"])
  }

  @Test("one that cannot be made is a mistake of usage")
  func refused() {
    let error = #expect(throws: LaunchError.self) { try NewRunFolder(named: "/proc/run") }
    #expect(error?.exitStatus == .usage)
  }
}
