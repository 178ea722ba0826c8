import Datasets
import Digests
import Nets

/// Asks a teacher about every face of a list, once.
struct TeacherSurvey {
  /// Of the teacher's code and of the files: outputs of another revision are not used.
  private static let revision = "teacher outputs 2"

  let teacher: TeacherModel
  let precision: Precision
  /// Kernel threads of each rank.
  let threads: Int
  let settings: FaceInference.Settings
  /// Where outputs are stored.
  let folder: String
  let job: Job
  let console: Console

  /// The outputs for a list, from files as far as they are there. Collective.
  ///
  /// Faces that could not be read the last time are asked about again.
  ///
  /// - Parameters:
  ///   - name: of the list, for people.
  ///   - isStopRequested: asked between micro-batches, on all ranks; collective.
  /// - Returns: the same on all ranks; nil when a stop was requested.
  /// - Throws: `TrainerError.agreed`, also where more faces cannot be read than are allowed.
  func outputs(
    for manifest: FaceManifest, called name: String, isStopRequested: () throws -> Bool
  ) throws -> TeacherOutputs? {
    let store = TeacherOutputStore(
      folder: "\(folder)/\(try key(of: manifest))", faces: manifest.records.count,
      layout: teacher.layout)
    if job.isRankZero { store.removeAbandoned() }
    var outputs = TeacherOutputs(layout: teacher.layout)
    var skipped = SkippedSamples()
    var inference: FaceInference?
    for part in store.parts {
      var rows = try readOnRankZero(part, of: store)
      let unanswered = TeacherOutputs.unanswered(
        in: rows, layout: teacher.layout, microBatch: settings.microBatch)
      for faces in unanswered {
        let asked = try inference ?? makeInference()
        inference = asked
        let problems = try job.during(.askingTeacher) {
          try ask(asked, about: faces, of: part, in: manifest, answers: &rows, isStopRequested)
        }
        guard let problems else { return nil }
        outputs.problems += problems
      }
      outputs.append(rows)
      guard !unanswered.isEmpty else { continue }
      try job.during(.storingTeacherOutputs) {
        try job.agreement.onRankZero { try store.write(rows, of: part) }
      }
      console.say("teacher's outputs for \(outputs.count) of \(store.faces) \(name)")
      try job.throwingAlike { try skipped.add(outputs.problems, policy: settings.onError) }
    }
    if !outputs.problems.isEmpty {
      console.say(
        "\(outputs.problems.count) \(name) could not be read: the teacher says nothing there")
    }
    return outputs
  }

  /// What a part's file holds, not a number where the teacher has to be asked. Collective.
  private func readOnRankZero(
    _ part: Range<Int>, of store: TeacherOutputStore
  ) throws -> [Float] {
    let bytes = try job.agreement.bytesOfRankZero {
      try store.read(part, report: console.say).map { ByteCoding.bytes(of: $0) } ?? []
    }
    return bytes.isEmpty
      ? Array(repeating: .nan, count: part.count * teacher.layout.width)
      : ByteCoding.values(in: bytes[...])
  }

  private func makeInference() throws -> FaceInference {
    try job.agreement.together {
      let inference = try FaceInference(
        network: teacher.network, precision: precision, weights: teacher.weights,
        settings: settings, job: job)
      try inference.refreshWeights()
      return inference
    }
  }

  /// Asks about some faces of a part. Collective.
  ///
  /// - Parameter rows: the part's, where the answers go.
  /// - Returns: the faces that could not be read; nil when a stop was requested.
  private func ask(
    _ inference: FaceInference, about faces: Range<Int>, of part: Range<Int>,
    in manifest: FaceManifest, answers rows: inout [Float], _ isStopRequested: () throws -> Bool
  ) throws -> [SampleProblem]? {
    let width = teacher.layout.width
    var own: [[Float]] = []
    let problems = try inference.run(
      over: manifest,
      rows: (part.lowerBound + faces.lowerBound)..<(part.lowerBound + faces.upperBound),
      isStopRequested: isStopRequested
    ) { batch in
      var numbers = [Float](repeating: .nan, count: batch.weights.count * width)
      numbers.withUnsafeMutableBufferPointer { inference.copyOutputs(of: batch, to: $0) }
      own.append(numbers)
    }
    guard let problems else { return nil }
    let answers = try inference.gather(own).flatMap { $0 }.prefix(faces.count * width)
    rows.replaceSubrange((faces.lowerBound * width)..<(faces.upperBound * width), with: answers)
    return problems
  }

  /// A name for all that outputs depend on, but for what lies in the images' files.
  private func key(of manifest: FaceManifest) throws -> String {
    let digest = try SHA256()
    let settings = [
      Self.revision, teacher.digest, "\(teacher.network)", "\(settings.augmentation)",
      "\(settings.microBatch)", "\(precision)", manifest.root,
      Engine.identity(threads: threads).summary,
    ]
    try Array(settings.joined(separator: "\n").utf8).withUnsafeBytes { try digest.update($0) }
    try manifest.forEachDecidingPiece { try digest.update($0) }
    return String(try digest.finish().prefix(32))
  }
}
