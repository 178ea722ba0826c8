import Foundation
import TestSupport
import Testing

@testable import Trainer

@Suite("The lease of a run folder")
struct RunLeaseTests {
  private let folder: TemporaryFolder
  private let timing = RunLease.Timing(beat: 0.02, patience: 0.5, ending: 0.05, look: 0.01)

  init() throws { folder = try TemporaryFolder() }

  private var path: String { "\(folder.path)/lease.json" }

  /// A record of a holder that this test plays.
  private func holder(
    process: String = "elsewhere-77", job: String? = nil, restarts: Int = 0, beat: Int = 0
  ) -> LeaseRecord {
    LeaseRecord(
      token: "theirs", host: "n7", process: process, started: "1", job: job, restarts: restarts,
      since: "2026-01-31T23:59:59Z", beat: LeaseRecord.beat(beat))
  }

  private func write(_ record: LeaseRecord) throws {
    try JSONEncoder().encode(record).write(to: URL(fileURLWithPath: path))
  }

  private func read() throws -> LeaseRecord {
    try JSONDecoder().decode(LeaseRecord.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private func take(
    _ own: LeaseRecord? = nil, isStopRequested: () -> Bool = { false },
    heard: (LeaseRecord) -> Void = { _ in }
  ) throws -> RunLease {
    try RunLease(
      folder: folder.path, own: own ?? .own(host: "n1", nil), timing: timing,
      isStopRequested: isStopRequested, wait: heard)
  }

  @Test("the first has it, a second is refused at once and told who has it; given back, it is free")
  func second() throws {
    let first = try take()
    let began = ContinuousClock.now
    #expect(
      performing: { try take() },
      throws: { error in
        "\(error)".contains("is being written to by another job (process ")
          && "\(error)".contains(" on n1, since ") && ExitStatus(of: error) == .usage
      })
    // Not for as long as a holder is waited for that nobody can look at.
    #expect(began.secondsAgo < timing.patience)
    try first.require()
    first.release()
    #expect(!FileManager.default.fileExists(atPath: path))
    try take().release()
  }

  @Test("a lease that is removed under its holder comes back, and keeps others out")
  func removed() throws {
    let lease = try take()
    try FileManager.default.removeItem(atPath: path)
    while !FileManager.default.fileExists(atPath: path) { usleep(1_000) }
    #expect(throws: TrainerError.self) { try take() }
    #expect(!lease.isTaken)
    lease.release()
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("who is asked to stop while it waits leaves at once, to be started again")
  func stoppedWaiting() throws {
    let theirs = holder(beat: 7)
    try write(theirs)
    #expect(
      performing: { try take(isStopRequested: { true }) },
      throws: { "\($0)".contains("on n7") && ExitStatus(of: $0) == .preempted })
    #expect(try read() == theirs)
  }

  @Test("a holder that is dead for certain loses it at once")
  func dead() throws {
    let own = LeaseRecord.own(host: "n1", ScheduledJob(name: "slurm:5", restarts: 2))
    let numbering = FileWriter.current.numbering
    let dead = [
      // No process has that number; this one has, but was not started then.
      holder(process: "\(numbering)-\(Int32.max)"),
      holder(process: FileWriter.current.name),
      // The scheduler has ended the start before.
      holder(job: "slurm:5", restarts: 1),
    ]
    for record in dead {
      #expect(record.verdict(by: own) == .dead)
      try write(record)
      let lease = try take(own, heard: { _ in Issue.record("nobody to wait for") })
      #expect(try read().token == own.token)
      lease.release()
    }
    for alive in [own, holder(job: "slurm:5", restarts: 2), holder(job: "slurm:4", restarts: 1)] {
      #expect(alive.verdict(by: own) == (alive == own ? .alive : .unknown))
    }
  }

  @Test("a holder on another host is waited for: it keeps the lease with a beat, or loses it")
  func elsewhere() throws {
    try write(holder())
    var waits = 0
    let began = ContinuousClock.now
    try take(heard: { holder in
      waits += 1
      #expect(holder.host == "n7")
    }).release()
    #expect(waits == 1)
    #expect(began.secondsAgo >= timing.patience)

    try write(holder())
    let beating = BackgroundWork(name: "beating") { [self] in
      for beat in 1...200 {
        try? write(holder(beat: beat))
        usleep(5_000)
      }
    }
    #expect(throws: TrainerError.self) { try take() }
    try beating.wait()
    #expect(try read().token == "theirs")
  }

  @Test("what is no record is a holder that is waited for")
  func torn() throws {
    for text in ["", "{", "[]"] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      let began = ContinuousClock.now
      try take().release()
      #expect(began.secondsAgo >= timing.patience)
    }
  }

  @Test("who was stopped while another took over finds out, and leaves the other's lease alone")
  func takenOver() throws {
    let lease = try take()
    #expect(!lease.isTaken)
    try write(holder())
    #expect(
      performing: { try lease.require() },
      throws: { error in
        "\(error)".contains("was taken over by another job (process 77 on n7, since ")
          && ExitStatus(of: error) == .usage
      })
    while !lease.isTaken { usleep(1_000) }
    lease.release()
    #expect(try read() == holder())
  }

  @Test("a dead holder's lease that cannot be replaced is an error, not a wait without end")
  func unwritable() throws {
    try write(holder(process: "\(FileWriter.current.numbering)-\(Int32.max)"))
    // Refused to every user alike.
    try FileManager.default.createDirectory(
      atPath: "\(path).taking/within", withIntermediateDirectories: true)
    #expect(throws: TrainerError.self) { try take() }
  }

  @Test("the holder's number grows, in place; a folder that went away takes nothing")
  func beats() throws {
    let lease = try take()
    let before = try read()
    while try read().beat == before.beat { usleep(1_000) }
    #expect(try read().token == before.token)
    try FileManager.default.removeItem(atPath: folder.path)
    usleep(UInt32(3 * timing.beat * 1e6))
    try lease.require()
    #expect(!lease.isTaken)
    lease.release()
  }

  @Test("of many that find a dead holder's lease, one gets it")
  func race() throws {
    for _ in 0..<5 {
      try write(holder(process: "\(FileWriter.current.numbering)-\(Int32.max)"))
      let contenders = (0..<8).map { number in
        BackgroundWork(name: "contender") { [self] in
          try take(.own(host: "n\(number)", nil))
        }
      }
      let winners = contenders.compactMap { try? $0.wait() }
      #expect(winners.count == 1)
      winners.forEach { $0.release() }
    }
  }
}

@Suite("Time limits")
struct DeadlineTests {
  @Test(
    "limits are read as Slurm's --time is",
    arguments: [
      ("90", 5_400), ("10:30", 630), ("01:30:05", 5_405), ("2-0", 172_800), ("1-12", 129_600),
      ("1-0:30", 88_200), ("1-00:00:01", 86_401),
    ])
  func limits(_ text: String, _ seconds: Int) {
    #expect(TimeLimit(text)?.seconds == Double(seconds))
  }

  @Test(
    "what is no limit is refused",
    arguments: ["", "0", "0:00", "-5", "1h", "1:2:3:4", "1-2-3", "a-1", "-", ":", "1-", "９", "1e3"])
  func noLimits(_ text: String) { #expect(TimeLimit(text) == nil) }

  @Test("limits in seconds are written as they are read", arguments: [1, 59, 60, 3_599, 90_061])
  func wholeSeconds(_ seconds: Int) {
    let limit = TimeLimit(wholeSeconds: seconds)
    #expect(limit.seconds == Double(seconds) && TimeLimit(limit.text)?.seconds == limit.seconds)
  }

  @Test("a grace period that is too short for a step and a checkpoint is told, and no other")
  func gracePeriod() {
    var time = LeavingTime()
    time.take(step: 3)
    time.take(checkpoint: 57.5)
    #expect(time.warning(graceSeconds: 61) == nil)
    #expect(
      time.warning(graceSeconds: 60)?.hasPrefix("a stop may take 60.5 s (a step 3.0 s,") == true)
  }

  @Test("the earlier end counts, and time for the way out is kept free")
  func ends() throws {
    #expect(Deadline(limit: nil, date: nil) == nil)
    let now = Date()
    let near = now.addingTimeInterval(4)
    let soon = try #require(Deadline(limit: 1_000, date: near, now: now))
    #expect(soon.isOver(leaving: LeavingTime()))
    #expect(try #require(Deadline(limit: 4, date: nil)).isOver(leaving: LeavingTime()))
    let far = try #require(Deadline(limit: 1_000, date: now.addingTimeInterval(60), now: now))
    var time = LeavingTime()
    #expect(!far.isOver(leaving: time))
    time.take(step: 1)
    time.assumedCheckpoint = 100
    #expect(far.isOver(leaving: time))
    // What was seen counts, not what was assumed.
    time.take(checkpoint: 2)
    #expect(!far.isOver(leaving: time))
    time.take(checkpoint: 40)
    #expect(far.isOver(leaving: time))
    // What took long once may do so again.
    time.take(checkpoint: 2)
    #expect(far.isOver(leaving: time))
    // An end that is over is another job's, or was put off since.
    #expect(Deadline(limit: nil, date: now.addingTimeInterval(-1), now: now) == nil)
    let before = ContinuousClock.now.advanced(by: .seconds(-90))
    let almostOver = try #require(Deadline(limit: 91, since: before, date: nil))
    #expect(almostOver.isOver(leaving: LeavingTime()))
  }
}
