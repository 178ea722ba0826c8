import Foundation

/// What a folder's lease tells those who do not want it: who has it, unless the holder is dead for certain.
package struct LeaseSign: Equatable, Sendable {
  /// Where the holder runs.
  package let host: String
  /// Its number as a process, where it runs where this process can look; nil elsewhere.
  package let process: Int32?
  /// The holder in words.
  package let holder: String
  /// Grows while the holder lives, wherever that may be.
  package let beat: String
  /// Seconds since it last grew, as far as clocks agree.
  package let silence: Double

  /// Looks at a folder; nil where nobody has its lease, or somebody who is dead.
  ///
  /// - Throws: `TrainerError.system` where the lease cannot be read.
  package init?(ofFolder folder: String) throws {
    guard
      let bytes = try DurableFiles.contents("\(folder)/\(RunLease.fileName)"),
      let record = try? JSONDecoder().decode(LeaseRecord.self, from: Data(bytes))
    else { return nil }
    let verdict = record.verdict(by: .own(host: "", LaunchEnvironment.current.scheduled))
    guard verdict != .dead else { return nil }
    (host, holder) = (record.host, record.description)
    beat = record.token + record.beat
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: "\(folder)/\(RunLease.fileName)")
    silence = (attributes?[.modificationDate] as? Date).map { -$0.timeIntervalSinceNow } ?? 0
    process = verdict == .alive ? FileWriter(name: Substring(record.process))?.process : nil
  }
}
