import Foundation
import Synchronization

/// The right to write to a run folder: `lease.json` in it names the one job that has it.
///
/// Who makes the file has the lease; it grows a number in it while it lives. Another job takes the lease
/// over where the holder is dead for certain, or where it runs on another host and the number has not
/// grown for a while by the other job's own clock: hosts need not agree about the time. A holder that was
/// stopped and goes on finds another's record before it completes a checkpoint.
///
/// Sendable because what changes is guarded by the lock.
package final class RunLease: @unchecked Sendable {
  /// What waiting takes, in seconds.
  struct Timing: Equatable, Sendable {
    /// Between two beats.
    var beat = 5.0
    /// Without a beat, before a holder that cannot be looked at counts as dead.
    var patience = 20.0
    /// For a holder on this host to end: ranks outlive a killed mpirun for a moment.
    var ending = 3.0
    /// Between two looks.
    var look = 0.25
  }

  private let path: String
  private let token: String
  private var record: LeaseRecord
  private let timing: Timing
  private let lock = NSCondition()
  private var isReleased = false
  private let taken = Atomic<Bool>(false)

  /// Takes the lease of a run folder.
  ///
  /// - Parameters:
  ///   - isStopRequested: asked while a holder is waited for.
  ///   - wait: hears, once, of a holder that is waited for.
  /// - Throws: `TrainerError.runFolderHeld` where another job has it, `.stoppedWaiting` where the process
  ///   is to end, `.system` where the file cannot be made.
  init(
    folder: String, own: LeaseRecord, timing: Timing = Timing(),
    isStopRequested: () -> Bool = { false }, wait: (LeaseRecord) -> Void = { _ in }
  ) throws {
    path = "\(folder)/\(Self.fileName)"
    record = own
    token = own.token
    self.timing = timing
    try take(isStopRequested: isStopRequested, wait: wait)
    Thread.detachNewThread { self.keep() }
  }

  /// Takes the lease of a folder that is no training's, for this process.
  ///
  /// - Parameter wait: hears, once, of a holder that is waited for.
  /// - Throws: as the other initialiser.
  package convenience init(folder: String, wait: (String) -> Void) throws {
    try self.init(
      folder: folder,
      own: .own(host: ProcessInfo.processInfo.hostName, LaunchEnvironment.current.scheduled),
      wait: { wait($0.description) })
  }

  /// The file's name in a run folder.
  static let fileName = "lease.json"

  // MARK: - Having it

  /// Whether the last look found another job's record.
  var isTaken: Bool { taken.load(ordering: .relaxed) }

  /// Throws `TrainerError.runFolderTaken` where another job has taken the lease over.
  package func require() throws {
    // A file that cannot be read says nothing about who has it.
    guard let other = (try? Self.read(path)) ?? nil, other.token != token else { return }
    throw TrainerError.runFolderTaken(
      folder: DurableFiles.parent(of: path), by: other.description)
  }

  /// Gives the lease back.
  package func release() {
    lock.withLock {
      guard !isReleased else { return }
      isReleased = true
      lock.broadcast()
      if (try? Self.read(path))??.token == token { unlink(path) }
    }
  }

  /// Beats until the lease is given back.
  private func keep() {
    var number = 0
    while waitForBeat() {
      number += 1
      // Without the lock: who gives the lease back does not wait for a file system that hangs.
      beat(number)
    }
  }

  /// Waits until a beat is due; false where the lease was given back.
  private func waitForBeat() -> Bool {
    let due = Date(timeIntervalSinceNow: timing.beat)
    return lock.withLock {
      while !isReleased, lock.wait(until: due) {}
      return !isReleased
    }
  }

  /// What fails here is tried again: a full disk or a server that is away takes no lease.
  private func beat(_ number: Int) {
    // One file for the look and the number: where another job's has taken its place in between, the
    // number goes to the old one, which nobody sees.
    let file = open(path, O_RDWR | O_CLOEXEC)
    guard file >= 0 else {
      // Removed under this job, which has it all the same.
      if errno == ENOENT { lock.withLock { _ = isReleased ? nil : try? create() } }
      return
    }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = pread(file, &bytes, bytes.count, 0)
    guard count > 0, let there = Self.record(in: bytes[..<count]) else { return }
    record.beat = LeaseRecord.beat(number)
    if there.token == record.token {
      try? write(to: file)
    } else {
      taken.store(true, ordering: .relaxed)
    }
  }

  // MARK: - Getting it

  private func take(isStopRequested: () -> Bool, wait: (LeaseRecord) -> Void) throws {
    var observed: (record: LeaseRecord, since: ContinuousClock.Instant)?
    while true {
      if try create() { return }
      guard let holder = try readHolder() else { continue }
      if holder.token == record.token { return }
      if observed?.record.token != holder.token {
        if holder.verdict(by: record) == .unknown { wait(holder) }
        observed = (holder, .now)
      }
      guard let seconds = observed?.since.secondsAgo else { continue }
      switch holder.verdict(by: record) {
      case .dead:
        if try takeOver(from: holder) { return }
      case .alive where seconds >= timing.ending,
        .unknown where holder.beat != observed?.record.beat:
        throw TrainerError.runFolderHeld(
          folder: DurableFiles.parent(of: path), by: holder.description)
      case .unknown where seconds >= timing.patience:
        if try takeOver(from: holder) { return }
      case .alive, .unknown:
        if isStopRequested() {
          throw TrainerError.stoppedWaiting(
            folder: DurableFiles.parent(of: path), for: holder.description)
        }
        usleep(UInt32(timing.look * 1e6))
      }
    }
  }

  /// Makes the file; false where there is one.
  private func create() throws -> Bool {
    do {
      try write(to: path, O_WRONLY | O_CREAT | O_EXCL)
      return true
    } catch {
      if DurableFiles.exists(path) { return false }
      throw error
    }
  }

  /// The holder; nil where there is none any more.
  private func readHolder() throws -> LeaseRecord? {
    if let record = try Self.read(path) { return record }
    guard DurableFiles.exists(path) else { return nil }
    // Not a record: a holder that was killed while it wrote, or is writing just now.
    return LeaseRecord(
      token: "", host: "an unknown host", process: "unknown-1", started: "", job: nil, restarts: 0,
      since: "an unknown time", beat: "")
  }

  /// Puts this job's record in the place of a dead holder's; false where another job is doing so, or did.
  ///
  /// Who makes the file beside the lease may replace it, nobody else: so that no job replaces the record of
  /// one that has just taken over.
  private func takeOver(from holder: LeaseRecord) throws -> Bool {
    let beside = "\(path).taking"
    do {
      try write(to: beside, O_WRONLY | O_CREAT | O_EXCL)
    } catch {
      // None: the file system takes no files, or another job has just had it.
      guard let age = Self.age(of: beside) else {
        if try readHolder()?.token == holder.token { throw error }
        return false
      }
      // Its maker was killed in that moment.
      guard age > timing.patience else {
        usleep(UInt32(timing.look * 1e6))
        return false
      }
      if unlink(beside) != 0, errno != ENOENT { throw error }
      return false
    }
    guard try readHolder()?.token == holder.token else {
      unlink(beside)
      return false
    }
    guard rename(beside, path) == 0 else {
      // Gone: another job took this one's for that of a dead one.
      if errno == ENOENT { return false }
      let reason = String(cString: strerror(errno))
      unlink(beside)
      throw TrainerError.system(call: "rename", path: path, reason: reason)
    }
    return try Self.read(path)?.token == record.token
  }

  /// Seconds since a file was written, by the clock of its file system and this host's; nil where there is
  /// no file.
  private static func age(of path: String) -> Double? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let written = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9
    return Date().timeIntervalSince1970 - written
  }

  private func write(to path: String, _ flags: CInt) throws {
    let file = try systemCall("open", path) { open(path, flags | O_CLOEXEC, 0o644) }
    defer { close(file) }
    do {
      try write(to: file)
    } catch {
      unlink(path)
      throw error
    }
  }

  private func write(to file: CInt) throws {
    let bytes = try DurableFiles.json(record)
    try bytes.withUnsafeBytes { try DurableFiles.write($0, to: file, at: 0, path: path) }
    try systemCall("fsync", path) { fsync(file) }
  }

  /// The record in a file; nil where there is no file, or something else in it.
  private static func read(_ path: String) throws -> LeaseRecord? {
    try DurableFiles.contents(path).flatMap { record(in: $0[...]) }
  }

  private static func record(in bytes: ArraySlice<UInt8>) -> LeaseRecord? {
    try? JSONDecoder().decode(LeaseRecord.self, from: Data(bytes))
  }
}
