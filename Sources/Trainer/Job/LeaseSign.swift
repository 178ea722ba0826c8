import Foundation

/// What a folder's lease tells those who do not want it.
package struct LeaseSign: Equatable, Sendable {
  /// Where the holder runs.
  package let host: String
  /// Its number as a process, where it runs where this process can look; nil elsewhere.
  package let process: Int32?
  /// The holder in words.
  package let holder: String
  /// Grows while the holder lives, wherever that may be.
  package let beat: String
  /// Whether the holder is dead for certain.
  package let isDead: Bool

  /// Looks at a folder; nil where nobody has its lease.
  ///
  /// - Throws: `TrainerError.system` where the lease cannot be read.
  package init?(ofFolder folder: String) throws {
    guard
      let bytes = try DurableFiles.contents("\(folder)/\(RunLease.fileName)"),
      let record = try? JSONDecoder().decode(LeaseRecord.self, from: Data(bytes))
    else { return nil }
    (host, holder) = (record.host, record.description)
    beat = record.token + record.beat
    let verdict = record.verdict(by: .own(host: "", LaunchEnvironment.current.scheduled))
    isDead = verdict == .dead
    process = verdict == .alive ? FileWriter(name: Substring(record.process))?.process : nil
  }
}
