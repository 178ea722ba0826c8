import TestSupport
import Testing

@testable import Trainer

@Suite(.serialized, .enabled(if: SharedCommunicator.isUnderMPI))
struct JobRankTests {
  private struct Failure: Error {}

  @Test func whatFailsIsToldAsWhatWasDone() throws {
    let job = Job(communicator: try SharedCommunicator.get(), signals: SignalWatcher())
    let told = job.during(.extractingFeatures) { "\(job.activity)" }
    #expect(told == "extracting features" && "\(job.activity)" == "starting up")
    #expect(throws: Failure.self) {
      try job.during(.askingTeacher) {
        try job.during(.storingTeacherOutputs) { throw Failure() }
      }
    }
    #expect("\(job.activity)" == "storing the teacher's outputs")
  }
}
