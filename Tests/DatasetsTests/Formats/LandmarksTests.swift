import CounterRandom
import Testing

@testable import Datasets

@Suite struct LandmarksTests {
  private func eyes(_ text: String) throws -> EyeCenters {
    try EyeCenters(landmarks: Array(text.utf8)[...])
  }

  /// An exponent anywhere sends all 136 numbers the general way.
  @Test func plainNumbersGiveTheEyesOfTheGeneralWay() throws {
    for round in 0..<300 {
      var random = CounterRandom(seed: 21, index: round, purpose: .syntheticFace)
      let numbers = (0..<136).map { _ in
        let whole = String(random.integer(below: 1_000_000))
        let decimals = (0..<random.integer(below: 9)).map { _ in "\(random.integer(below: 10))" }
        return decimals.isEmpty ? whole : "\(whole).\(decimals.joined())"
      }
      let general = [numbers[0] + "e0"] + numbers.dropFirst()
      let plain = try eyes(numbers.joined(separator: ";"))
      #expect(try eyes(general.joined(separator: ";")) == plain)
    }
  }

  @Test(arguments: [
    (135, "1"), (137, "1"), (136, "1000000"), (136, "x"), (136, ""), (136, "1.2.3"), (136, "."),
  ])
  func whatIsWrongIsSaidAsBefore(count: Int, last: String) {
    let numbers = (0..<(count - 1)).map { "\($0)" } + [last]
    #expect(throws: Landmarks.Problem.self) { _ = try eyes(numbers.joined(separator: ";")) }
  }
}
