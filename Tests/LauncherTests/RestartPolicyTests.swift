import Foundation
import Testing

@testable import Launcher

@Suite("Restart policy")
struct RestartPolicyTests {
  private var policy = RestartPolicy(maximalRestarts: 10, patience: 3)

  private func attempt(
    _ end: JobEnd, progress: Bool = false, host: String? = nil, stop: StopRequest = .none,
    secondsLeft: Double? = nil
  ) -> RestartPolicy.Attempt {
    RestartPolicy.Attempt(
      end: end, madeProgress: progress, host: host, stop: stop, secondsLeft: secondsLeft)
  }

  @Test(
    "what another start would not change is passed on at once", arguments: [0, 64, 65, 75, 130],
    [StopRequest.none, .gentle])
  mutating func final(status: Int32, stop: StopRequest) {
    #expect(policy.verdict(after: attempt(.exited(status), stop: stop)) == .leave(status, .final))
  }

  @Test(
    "any other end is followed by another start",
    arguments: [
      JobEnd.exited(1), .exited(69), .exited(70), .exited(137), .exited(205), .exited(213),
      .killed(signal: 9), .killed(signal: 2), .killed(signal: 10),
    ])
  mutating func failures(end: JobEnd) {
    #expect(
      policy.verdict(after: attempt(end)) == .restart(number: 1, delaySeconds: 1, suspect: nil))
  }

  @Test("a job that fails while it is to end is the scheduler's to start again")
  mutating func failedWhileStopping() {
    for end in [JobEnd.exited(137), .exited(69), .killed(signal: 10)] {
      #expect(policy.verdict(after: attempt(end, stop: .gentle)) == .leave(75, .stopped))
    }
  }

  @Test("a last checkpoint that could not be written is passed on, not hidden by another start")
  mutating func lostLastCheckpoint() {
    #expect(
      policy.verdict(after: attempt(.exited(70), stop: .gentle)) == .leave(70, .stopped))
  }

  @Test("no start begins after the time limit", arguments: [(2.5, true), (2, false), (-1, false)])
  mutating func timeLimit(secondsLeft: Double, isStarted: Bool) {
    _ = policy.verdict(after: attempt(.exited(137), secondsLeft: 100))
    let verdict = policy.verdict(after: attempt(.exited(137), secondsLeft: secondsLeft))
    #expect(
      verdict
        == (isStarted
          ? .restart(number: 2, delaySeconds: 2, suspect: nil) : .leave(75, .outOfTime)))
  }

  @Test("who was impatient gets 130, whatever the job makes of it")
  mutating func impatient() {
    for status: Int32 in [0, 1, 75, 137] {
      #expect(
        policy.verdict(after: attempt(.exited(status), stop: .immediate)) == .leave(130, .stopped))
    }
  }

  @Test("three failures in a row without a checkpoint are the end, with the last one's status")
  mutating func noProgress() {
    _ = policy.verdict(after: attempt(.exited(70)))
    _ = policy.verdict(after: attempt(.exited(70)))
    #expect(
      policy.verdict(after: attempt(.killed(signal: 9))) == .leave(137, .noProgress(failures: 3)))
  }

  @Test("a checkpoint in between begins the count and the waiting times anew")
  mutating func progress() {
    let ends = [false, false, true, false, false].map { attempt(.exited(70), progress: $0) }
    let verdicts = ends.map { policy.verdict(after: $0) }
    let delays = [1, 2, 1, 2, 4]
    for (index, delay) in delays.enumerated() {
      #expect(
        verdicts[index] == .restart(number: index + 1, delaySeconds: delay, suspect: nil))
    }
    #expect(
      policy.verdict(after: attempt(.exited(70))) == .leave(70, .noProgress(failures: 3)))
  }

  @Test("waiting times double up to a minute")
  mutating func backoff() {
    policy = RestartPolicy(maximalRestarts: 100, patience: 100)
    let delays = (0..<8).map { _ in
      if case .restart(_, let seconds, _) = policy.verdict(after: attempt(.exited(1))) {
        return seconds
      }
      return -1
    }
    #expect(delays == [1, 2, 4, 8, 16, 32, 60, 60])
  }

  @Test("no more restarts than are allowed, even with progress", arguments: [0, 1, 3])
  mutating func restartsUsedUp(limit: Int) {
    policy = RestartPolicy(maximalRestarts: limit, patience: 3)
    for number in 1..<(limit + 1) {
      #expect(
        policy.verdict(after: attempt(.exited(137), progress: true))
          == .restart(number: number, delaySeconds: 1, suspect: nil))
    }
    #expect(
      policy.verdict(after: attempt(.exited(137), progress: true))
        == .leave(137, .restartsUsedUp(limit)))
  }

  @Test(
    "a host is suspected after two failures in a row, and then only after two more",
    arguments: [
      (["n1", "n1", "n1", "n1"], [nil, "n1", nil, "n1"]),
      (["n1", "n2", "n1", "n2"], [nil, nil, nil, nil]),
      (["n1", nil, "n1", "n1"], [nil, nil, nil, "n1"]),
      ([nil, nil, "n2", "n2"], [nil, nil, nil, "n2"]),
    ] as [([String?], [String?])])
  mutating func suspects(hosts: [String?], suspects: [String?]) {
    let found = hosts.map { host -> String? in
      let verdict = policy.verdict(after: attempt(.exited(137), progress: true, host: host))
      if case .restart(_, _, let suspect) = verdict { return suspect }
      return "no restart"
    }
    #expect(found == suspects)
  }
}

@Suite("Requests to stop")
struct StopRequestTests {
  @Test(
    "only a second SIGTERM or SIGINT means at once",
    arguments: [
      ([SIGUSR1], StopRequest.gentle), ([SIGTERM], .gentle), ([SIGINT], .gentle),
      ([SIGUSR1, SIGUSR1, SIGUSR2], .gentle), ([SIGTERM, SIGUSR1], .gentle),
      ([SIGINT, SIGHUP], .gentle), ([SIGTERM, SIGTERM], .immediate),
      ([SIGINT, SIGTERM], .immediate), ([SIGUSR1, SIGINT], .gentle),
      ([SIGUSR1, SIGTERM, SIGTERM], .immediate), ([SIGINT, SIGINT, SIGUSR1], .immediate),
    ])
  func urgency(signals: [Int32], request: StopRequest) {
    let last = signals.reduce(StopRequests()) { $0.after(signal: $1) }
    #expect(last.request == request)
  }
}

@Suite("Ends of jobs")
struct JobEndTests {
  @Test("what waitpid tells is read as a shell reads it")
  func waitStatus() {
    #expect(JobEnd(waitStatus: 75 << 8) == .exited(75))
    #expect(JobEnd(waitStatus: 9) == .killed(signal: 9))
    #expect(JobEnd(waitStatus: 11 | 0x80) == .killed(signal: 11))
    #expect(JobEnd.killed(signal: 9).status == 137)
  }
}
