import Datasets
import Foundation
import Nets
import TestSupport
import Testing

@testable import Trainer

@Suite("Distillation")
struct DistillationTests {
  private let layout = TeacherOutputLayout(classes: 8, hasAffect: true, embedding: 3)

  /// Outputs of which each face has one high logit.
  private func outputs(_ faces: [(label: Int, logit: Float)]) -> TeacherOutputs {
    var outputs = TeacherOutputs(layout: layout)
    for face in faces {
      var row = [Float](repeating: 0, count: layout.width)
      row[face.label] = face.logit
      outputs.append(row)
    }
    return outputs
  }

  @Test("an opinion is the likeliest class with its probability")
  func opinion() throws {
    let outputs = outputs([(3, 2), (0, .nan), (5, 0)])
    let first = try #require(outputs.opinion(of: 0))
    #expect(first.label == 3)
    // e² / (e² + 7)
    #expect(abs(first.probability - exp(2) / (exp(2) + 7)) < 1e-12)
    #expect(outputs.opinion(of: 1) == nil)
    #expect(outputs.opinion(of: 2)?.label == 0)
    #expect(outputs.opinion(of: 2)?.probability == 0.125)
  }

  @Test("faces are kept where the teacher is sure enough, the surest of each class")
  func pseudoLabels() {
    let outputs = outputs([(1, 4), (1, 6), (2, 1), (1, 5), (7, 9), (0, .nan)])
    let sure = PseudoLabels(outputs, confidence: 0.5, perClass: nil)
    #expect(sure.faces == [0, 1, 3, 4])
    #expect(sure.labels == [.happy, .happy, .happy, .contempt])
    #expect(sure.counts == [0, 3, 0, 0, 0, 0, 0, 1])
    let few = PseudoLabels(outputs, confidence: 0, perClass: 2)
    #expect(few.faces == [1, 2, 3, 4])
  }

  @Test("of faces that are alike sure the first are kept")
  func ties() {
    let outputs = outputs([(1, 3), (1, 3), (1, 3)])
    #expect(PseudoLabels(outputs, confidence: 0, perClass: 2).faces == [0, 1])
  }

  @Test("stored outputs are found again, and not where there is another list's number of faces")
  func store() throws {
    let folder = try TemporaryFolder()
    let store = TeacherOutputStore(folder: folder.path + "/of", faces: 3, layout: layout)
    let part = try #require(store.parts.first)
    #expect(part == 0..<3)
    #expect(try store.read(part, report: { _ in }) == nil)
    var values = (0..<(3 * layout.width)).map(Float.init)
    values[4] = .nan
    try store.write(values, of: part)
    let read = try #require(try store.read(part, report: { _ in }))
    #expect(read.map(\.bitPattern) == values.map(\.bitPattern))
    let longer = TeacherOutputStore(folder: store.folder, faces: 4, layout: layout)
    #expect(try longer.read(0..<4, report: { _ in }) == nil)
  }

  @Test(
    "stored outputs that are not as they were written are set aside and told",
    arguments: [false, true])
  func broken(isCut: Bool) throws {
    let folder = try TemporaryFolder()
    let store = TeacherOutputStore(folder: folder.path, faces: 3, layout: layout)
    try store.write((0..<(3 * layout.width)).map(Float.init), of: 0..<3)
    let file = "\(folder.path)/faces-000000000.safetensors"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    if isCut { bytes.removeLast(5) } else { bytes[bytes.count - 7] ^= 1 }
    try bytes.write(to: URL(fileURLWithPath: file))
    var told: [String] = []
    let first = try store.read(0..<3) { told.append($0) }
    #expect(first == nil && told.count == 1)
    #expect(told.first?.contains("faces-000000000.safetensors") == true)
    #expect(FileManager.default.fileExists(atPath: file + ".broken"))
    let second = try store.read(0..<3) { told.append($0) }
    #expect(second == nil && told.count == 1)
  }

  @Test("what the teacher has not said is asked for by the micro-batch")
  func unanswered() {
    var rows = [Float](repeating: 0, count: 11 * layout.width)
    func ranges() -> [Range<Int>] {
      TeacherOutputs.unanswered(in: rows, layout: layout, microBatch: 2)
    }
    #expect(ranges().isEmpty)
    for face in [3, 4, 10] { rows[face * layout.width] = .nan }
    #expect(ranges() == [2..<6, 10..<11])
    rows = Array(repeating: .nan, count: rows.count)
    #expect(ranges() == [0..<11])
  }

  @Test("a list is cut into parts that cover it once")
  func parts() {
    let store = TeacherOutputStore(
      folder: "", faces: 2 * TeacherOutputStore.facesPerPart + 1, layout: layout)
    #expect(store.parts.map(\.count) == [1 << 13, 1 << 13, 1])
    #expect(store.parts.map(\.lowerBound) == [0, 1 << 13, 2 << 13])
  }
}

/// What a student takes over from the run of its teacher.
@Suite("The run of a teacher")
struct TeacherRunTests {
  /// A student's configuration with a teacher that was configured so.
  private func student(
    _ teacher: String, _ overrides: [String] = []
  ) throws -> DistillConfiguration {
    let folder = try TemporaryFolder()
    _ = try folder.write(teacher, to: "teacher/config.yaml")
    let file = try folder.write("stage: distill\ndata: {root: /faces}\n", to: "student.yaml")
    return try DistillConfiguration.load(
      file: file, overrides: ["distill.teacher=\(folder.path)/teacher"] + overrides
    ).values
  }

  private let teacher = """
    stage: teacher
    data: {root: /faces}
    model: {name: densenet121, image_size: 96, dropout: 0.5}
    """

  @Test("its architecture is the student's where nothing else is said")
  func architecture() throws {
    let same = try student(teacher)
    #expect((same.model.name, same.model.imageSize) == (.densenet121, 96))
    #expect(same.model.dropout == nil)
    #expect(same.yaml().contains("name: densenet121"))
    let other = try student(teacher, ["model.name=resnet50"])
    #expect((other.model.name, other.model.imageSize) == (.resnet50, 96))
    let own = try student(teacher, ["model.image_size=64", "model.name=resnet50"])
    #expect((own.model.name, own.model.imageSize) == (.resnet50, 64))
  }

  @Test("a student is taken as it is, and a file that names itself or is none is no trap")
  func ofStudent() throws {
    let nested = "stage: distill\ndata: {root: /faces}\ndistill: {teacher: RUN}\n"
    let folder = try TemporaryFolder()
    let itself = try folder.write(
      nested.replacing("RUN", with: folder.path), to: "config.yaml")
    #expect(try DistillConfiguration.load(file: itself).values.model == ModelSection())
    #expect(try student("model: {name: vggish}\n").model == ModelSection())
    #expect(try student(nested + "model: {image_size: 48}\n").model.imageSize == 48)
  }

  @Test("a student of another architecture, and a teacher that has not finished, are told")
  func caveats() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(teacher, to: "config.yaml")
    func writeWeights(_ name: String) throws {
      try DurableFiles.makeFolder("\(folder.path)/\(name)")
      try Safetensors.write([Tensor](), to: "\(folder.path)/\(name)/model.safetensors")
    }
    try writeWeights("best")
    func caveats(_ student: DistillConfiguration) throws -> [String] {
      try TeacherModel(run: folder.path, checkpoint: "best").caveats(asTeacherOf: student.network)
    }
    let same = try student(teacher)
    #expect(
      try caveats(same) == [
        "the teacher's run has not finished (no checkpoint yet): what it has learned so far is taught"
      ])
    let state = CheckpointState(
      step: 40, epoch: 1.6, isEvaluated: true, best: nil, skippedSamples: [], microBatches: 4,
      engine: EngineIdentity(library: "", instructionSet: "", threads: 1), trainingData: "",
      configuration: [:])
    try CheckpointStore(folder: "\(folder.path)/checkpoints").write(state, [])
    #expect(try caveats(same).first?.contains("(step 40 of 400)") == true)
    try writeWeights("final")
    #expect(try caveats(same) == [])
    #expect(
      try caveats(try student(teacher, ["model.image_size=64"])) == [
        "the teacher is a densenet121 96 px, the student a densenet121 64 px"
      ])
  }
}

/// What the losses read of a teacher, of a plan of a student.
@Suite("Rows that a teacher teaches", .serialized)
struct TaughtRowsTests {
  private let layout = TeacherOutputLayout(classes: 8, hasAffect: true, embedding: 3)
  private let distillation = FaceDistillation(
    classes: 1, temperature: 2, affect: 1, embedding: 1)

  private final class Answers: TeacherAnswers {
    let rows: [[Float]]
    let loader: BatchLoader? = nil
    init(_ rows: [[Float]]) { self.rows = rows }
    func take(_ batch: MicroBatch) {}
    func answer(to row: Int) -> ArraySlice<Float> { rows[row][...] }
  }

  private func makePlan() throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    let network = FaceNetwork(
      backbone: ModelDescription(name: .resnet18, classes: 8, imageSize: 32), hasAffect: true,
      embedding: ExpressionEmbedding(hidden: nil, dimensions: 3))
    return try TrainingPlan(
      graph: network.graph(
        trainedBy: FaceObjective(faces: 3, unlabeled: 2, distillation: distillation)),
      microBatch: 5, precision: .f32, gradientSlots: 1)
  }

  private func batch(_ count: Int) throws -> MicroBatch {
    let folder = try TemporaryFolder()
    // A loader's micro-batch, of files that cannot be read: only its places count here.
    let manifest = FaceManifest(
      path: "list", root: folder.path,
      records: (0..<count).map {
        FaceRecord(
          imagePath: "\($0).jpg", faceBox: nil, expression: nil, valence: nil, arousal: nil,
          line: $0)
      })
    let loader = try BatchLoader(
      manifest: manifest,
      augmentation: Augmentation(
        imageSize: 8, cropScale: 1...1, cropRatio: 1...1, flipProbability: 0, brightness: 0,
        contrast: 0, saturation: 0),
      mode: .evaluation,
      requests: [MicroBatchRequest(epoch: 0, sampleIndices: (0..<count).map(Int32.init))], seed: 0,
      microBatch: count, workers: 1, queueDepth: 1, onError: .skip(limit: count))
    var images = [Float](repeating: 0, count: count * 8 * 8 * 3)
    var batch = try #require(
      try images.withUnsafeMutableBufferPointer { try loader.next(into: $0) })
    batch.weights = Array(repeating: 1, count: count)
    return batch
  }

  @Test("answers go where the losses read them, and unknown ones have no weight")
  func places() throws {
    let plan = try makePlan()
    let rows = try TaughtRows(plan: plan, layout: layout, distillation: distillation)
    let answers = (0..<3).map { row in (0..<13).map { Float(100 * row + $0) } }
    rows.fill(from: 0, try batch(3), Answers(answers))
    var unknown = Array(repeating: Float(7), count: 13)
    unknown[12] = .nan
    rows.fill(from: 3, try batch(2), Answers([unknown, answers[2]]))
    #expect(Array(try plan.floats(input: "teacher_weights")) == [1, 1, 1, 0, 1])
    let logits = Array(try plan.floats(input: "teacher_logits"))
    #expect(Array(logits[8..<16]) == Array(answers[1][0..<8]))
    #expect(Array(logits[24..<32]) == Array(repeating: 0, count: 8))
    #expect(
      Array(try plan.floats(input: "teacher_affect")) == [8, 9, 108, 109, 208, 209, 0, 0, 208, 209])
    #expect(Array(try plan.floats(input: "teacher_embedding").suffix(3)) == [210, 211, 212])
  }

  @Test("where the teacher read another face than the student, or none, it says nothing")
  func anotherFace() throws {
    let asked = try batch(3)
    var own = asked
    let answers = LiveAnswers(loader: nil, rows: 3, width: 2) { values in
      for row in 0..<3 where own.weights[row] > 0 {
        for index in 0..<2 { values[2 * row + index] = Float(2 * row + index) }
      }
      return own
    }
    try answers.take(asked)
    #expect((0..<3).flatMap(answers.answer) == [0, 1, 2, 3, 4, 5])
    own.sampleIndices[1] = 7
    own.weights[2] = 0
    try answers.take(asked)
    #expect(Array(answers.answer(to: 0)) == [0, 1])
    let unanswered = (1..<3).flatMap(answers.answer).count(where: \.isNaN)
    #expect(unanswered == 4)
  }

  @Test("a sample that is mixed of two has their mixed probabilities at the temperature")
  func mixed() throws {
    let plan = try makePlan()
    let rows = try TaughtRows(plan: plan, layout: layout, distillation: distillation)
    let answers = (0..<3).map { row in (0..<13).map { Float((row * 5 + $0 * 3) % 7) } }
    var batch = try batch(3)
    batch.partnerShares = [0, 0.25, 0]
    rows.fill(from: 0, batch, Answers(answers))
    func softened(_ logits: some Sequence<Float>) -> [Double] {
      let exponentials = logits.map { exp(Double($0) / 2) }
      return exponentials.map { $0 / exponentials.reduce(0, +) }
    }
    let wanted = zip(softened(answers[1][..<8]), softened(answers[0][..<8])).map {
      0.75 * $0 + 0.25 * $1
    }
    let found = softened(Array(try plan.floats(input: "teacher_logits"))[8..<16])
    for (one, other) in zip(wanted, found) { #expect(abs(one - other) < 1e-6) }
    let affect = Array(try plan.floats(input: "teacher_affect"))
    #expect(abs(affect[2] - (0.75 * answers[1][8] + 0.25 * answers[0][8])) < 1e-6)
  }
}
