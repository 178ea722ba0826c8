import Testing

@testable import Datasets

@Suite struct SpeakerSplitTests {
  private let speakers = Set((1...24).map { "actor-\($0)" })

  @Test func nobodyIsInTwoSplitsAndNobodyIsLost() throws {
    for seed in 0..<50 as Range<UInt64> {
      let split = try SpeakerSplit(speakers: speakers, validation: 0.2, test: 0.125, seed: seed)
      let parts = Split.allCases.map { split.speakers(of: $0) }
      #expect(parts.map(\.count) == [16, 5, 3])
      #expect(Set(parts.joined()) == speakers)
      #expect(parts[1].allSatisfy { split.split(of: $0) == .validation })
    }
  }

  /// What this promises to who trained with it: never to change.
  @Test func seedAloneDecides() throws {
    let split = try SpeakerSplit(speakers: speakers, validation: 0.1, test: 0.1, seed: 7)
    #expect(split.speakers(of: .validation) == ["actor-14", "actor-3"])
    #expect(split.speakers(of: .test) == ["actor-23", "actor-24"])
    let shuffled = try SpeakerSplit(
      speakers: Set(speakers.shuffled()), validation: 0.1, test: 0.1, seed: 7)
    #expect(shuffled == split)
    #expect(try SpeakerSplit(speakers: speakers, validation: 0.1, test: 0.1, seed: 8) != split)
  }

  @Test func smallFractionsGetSomebodyAndTrainingIsNeverEmpty() throws {
    let split = try SpeakerSplit(speakers: ["a", "b"], validation: 0.01, test: 0, seed: 1)
    #expect(split.speakers(of: .validation).count == 1 && split.speakers(of: .test).isEmpty)
    for (validation, test) in [(0.5, 0.5), (-0.1, 0), (0, 1.5), (.nan, 0), (1, 0)] {
      #expect(throws: DatasetError.self) {
        _ = try SpeakerSplit(speakers: ["a", "b"], validation: validation, test: test, seed: 1)
      }
    }
    #expect(throws: DatasetError.self) {
      _ = try SpeakerSplit(speakers: [], validation: 0, test: 0, seed: 1)
    }
  }

  @Test func listsDecideWhereTheyAreGiven() throws {
    let split = try SpeakerSplit(speakers: speakers, validation: ["actor-3"], test: ["actor-9"])
    #expect(split.speakers(of: .validation) == ["actor-3"] && split.split(of: "actor-9") == .test)
    #expect(split.speakers(of: .training).count == 22 && split.split(of: "x") == nil)
    for (validation, test, problem) in [
      (["actr-3"], [], "validation: nobody is called 'actr-3'; is it 'actor-3'?"),
      (["actor-3"], ["actor-3"], "test: 'actor-3' is in the list for validation, too; choose one"),
      (Array(speakers), [], "validation: nobody is left for training"),
    ] as [([String], [String], String)] {
      let error = #expect(throws: DatasetError.self) {
        _ = try SpeakerSplit(speakers: speakers, validation: Set(validation), test: Set(test))
      }
      #expect(try "\(#require(error))" == problem)
    }
  }
}
