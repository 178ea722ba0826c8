import Testing

@testable import Launcher

@Suite("Suspicious nodes")
struct NodeSuspicionTests {
  /// What is said of runs.
  private final class Log {
    var lines: [String: String] = [:]
  }

  @Test("a node is left out whose job said nothing, once another's has")
  func silent() {
    let log = Log()
    var suspicion = NodeSuspicion { log.lines[$0] }
    suspicion.expect(["a", "b"])
    #expect(suspicion.hear("a") == nil)
    var isNodes = suspicion.blame("n1", for: "a")
    #expect(!isNodes, "it may be the script's fault")
    #expect(suspicion.suspects(for: ["b"]) == [] && suspicion.suspects(for: ["b", "a"]) == ["n1"])
    log.lines["b"] = "12:00 starting 1 rank"
    #expect(suspicion.hear("b") == "12:00 starting 1 rank")
    #expect(suspicion.suspects(for: ["b"]) == ["n1"])
    isNodes = suspicion.blame("n1", for: "c")
    #expect(isNodes)
    isNodes = suspicion.blame("n1", for: "c")
    #expect(!isNodes, "a run that fails there once more is at fault itself")
  }

  @Test("what was said before a run was handed in is no word of this job")
  func earlier() {
    let log = Log()
    log.lines = ["a": "12:00 the job pauses", "c": "12:00 the job pauses"]
    var suspicion = NodeSuspicion { log.lines[$0] }
    suspicion.expect(["a"])
    let isNodes = suspicion.blame("n[1-2]", for: "b")
    #expect(!isNodes)
    #expect(suspicion.hear("a") == nil && suspicion.suspects(for: ["a"]) == [])
    log.lines["a"] = "12:01 the job pauses"
    #expect(suspicion.hear("a") != nil && suspicion.suspects(for: ["a"]) == ["n[1-2]"])
    // Of a run that an earlier start handed in, any word counts.
    #expect(suspicion.hear("c") != nil)
  }
}
