import Datasets
import Distributed
import Nets
import Testing

@testable import Trainer

@Suite("Exit codes")
struct ExitStatusTests {
  @Test("the numbers are those of the contract")
  func numbers() {
    let numbers = ExitStatus.allCases.map { ("\($0)", $0.rawValue) }
    let expected: [(String, Int32)] = [
      ("finished", 0), ("usage", 64), ("badData", 65), ("hung", 69), ("internalError", 70),
      ("preempted", 75), ("interruptedTwice", 130),
    ]
    #expect(numbers.elementsEqual(expected, by: ==))
  }

  @Test("an error leads to the status of its cause")
  func causes() {
    #expect(ExitStatus(of: TrainerError.configuration([])) == .usage)
    #expect(ExitStatus(of: TrainerError.runFolderInUse(folder: "")) == .usage)
    #expect(ExitStatus(of: TrainerError.missingData(path: "", key: "")) == .badData)
    #expect(
      ExitStatus(of: TrainerError.nonFinite(step: 1, what: "", origin: nil)) == .internalError)
    #expect(ExitStatus(of: DatasetError.setting(name: "", reason: "")) == .usage)
    #expect(ExitStatus(of: DatasetError.unreadable(file: "", reason: "")) == .badData)
    #expect(ExitStatus(of: WeightsError(.duplicateName)) == .badData)
    #expect(ExitStatus(of: NetsError.bfloat16Missing(instructionSet: "")) == .usage)
    #expect(ExitStatus(of: NetsError.batchCount(name: "", file: "", found: -1)) == .badData)
    #expect(
      ExitStatus(of: NetsError.parameterType(name: "", file: "", found: .i32, wanted: ""))
        == .badData)
    #expect(
      ExitStatus(of: DistributedError.worldSizeDoesNotFit(worldSize: 3, microBatches: 4)) == .usage)
    #expect(
      ExitStatus(of: MPIError(function: "f", rank: 0, code: 1, text: "")) == .internalError)
    #expect(
      ExitStatus(of: TrainerError.agreed(rank: 0, status: .badData, message: "")) == .badData)
  }

  @Test(
    "the folder that a path lies in",
    arguments: [
      ("a/b", "a"), ("a", "."), ("a/", "."), ("/a", "/"), ("/", "/"), ("a//b/", "a"), ("", "."),
      ("//a", "/"), ("é/b", "é"), ("/a/b/c", "/a/b"),
    ])
  func parents(_ path: String, _ parent: String) {
    #expect(DurableFiles.parent(of: path) == parent)
  }

  @Test("a missing file's message says what the key has to name")
  func missingData() {
    for (key, remedy) in [
      ("data.train", "relative to the folder that data.root names"),
      ("triplets.images", "relative to the folder that triplets.root names"),
      ("triplets.root", "name the folder of the data set"),
      ("distill.teacher", "name the run folder of the teacher"),
      ("unlabeled.list", "from where the command is started"),
    ] {
      let text = "\(TrainerError.missingData(path: "x", key: key))"
      #expect(text.hasPrefix("\(key): 'x' does not exist; "))
      #expect(text.contains(remedy), "\(text)")
    }
  }
}
