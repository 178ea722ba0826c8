import Datasets
import Digests
import Nets

/// Asks a teacher about every face of a list, once.
struct TeacherSurvey {
  /// Of the teacher's code and of the files: outputs of another revision are not used.
  private static let revision = "teacher outputs 1"

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
  /// - Parameters:
  ///   - name: of the list, for people.
  ///   - isStopRequested: asked between micro-batches, on all ranks; collective.
  /// - Returns: the same on all ranks; nil when a stop was requested.
  func outputs(
    for manifest: FaceManifest, called name: String, isStopRequested: () throws -> Bool
  ) throws -> TeacherOutputs? {
    let store = TeacherOutputStore(
      folder: "\(folder)/\(try key(of: manifest))", faces: manifest.records.count,
      layout: teacher.layout)
    if job.isRankZero { store.removeAbandoned() }
    var outputs = TeacherOutputs(layout: teacher.layout)
    var inference: FaceInference?
    for part in store.parts {
      if let stored = try readOnRankZero(part, of: store) {
        outputs.append(stored)
        continue
      }
      let asked = try inference ?? makeInference()
      inference = asked
      let rows = try job.during(.askingTeacher) {
        try ask(asked, about: part, of: manifest, isStopRequested)
      }
      guard let rows else { return nil }
      try job.during(.storingTeacherOutputs) {
        try job.agreement.onRankZero { try store.write(rows, of: part) }
      }
      outputs.append(rows)
      console.say("teacher's outputs for \(outputs.count) of \(store.faces) \(name)")
    }
    return outputs
  }

  /// What a part's file holds, nil where it has to be made. Collective.
  private func readOnRankZero(
    _ part: Range<Int>, of store: TeacherOutputStore
  ) throws -> [Float]? {
    let bytes = try job.agreement.bytesOfRankZero {
      store.read(part).map { ByteCoding.bytes(of: $0) } ?? []
    }
    return bytes.isEmpty ? nil : ByteCoding.values(in: bytes[...])
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

  private func ask(
    _ inference: FaceInference, about part: Range<Int>, of manifest: FaceManifest,
    _ isStopRequested: () throws -> Bool
  ) throws -> [Float]? {
    var own: [[Float]] = []
    let problems = try inference.run(
      over: manifest, rows: part, isStopRequested: isStopRequested
    ) { batch in
      let width = teacher.layout.width
      var numbers = [Float](repeating: .nan, count: batch.weights.count * width)
      numbers.withUnsafeMutableBufferPointer { inference.copyOutputs(of: batch, to: $0) }
      own.append(numbers)
    }
    guard problems != nil else { return nil }
    let rows = try inference.gather(own).flatMap { $0 }
    return Array(rows.prefix(part.count * teacher.layout.width))
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
