import Testing

@testable import Launcher

@Suite("An mpirun that does not end")
struct LonelinessTests {
  @Test("it is over once nothing of the job has been there for a while, and not before there was")
  func patience() {
    let start = ContinuousClock.now
    var loneliness = Loneliness()
    let isOver = { (seconds: Double, hasCompany: Bool) in
      loneliness.isOver(hasCompany: hasCompany, now: start + .seconds(seconds))
    }
    #expect(!isOver(0, false) && !isOver(100, false))
    #expect(!isOver(101, true) && !isOver(102, false) && !isOver(116, false))
    // As with a job whose ranks are started again.
    #expect(!isOver(116.5, true) && !isOver(117, false) && !isOver(131.9, false))
    #expect(isOver(132, false))
  }
}
