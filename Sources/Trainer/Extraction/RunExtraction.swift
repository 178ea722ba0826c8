import Datasets
import Digests
import Distributed
import Foundation
import Media
import Nets

/// The extraction of features of images, films and sounds by a run's network: `aver extract`.
///
/// Images give a row each, or one for each face that is found in them; films and sounds one every 40 ms, as the
/// stage `fusion` has them. What is done is kept in parts beside the result, until all of it is there: who
/// starts the same extraction again goes on. The result does not depend on the number of ranks.
public struct RunExtraction: Sendable {
  /// How faces are found in images.
  public enum Faces: String, CaseIterable, Sendable {
    /// An image shows a face and little else, as those of the training did.
    case whole
    /// An image is a photograph, and faces are looked for in it.
    case detect
  }

  /// The run folder, of teacher, distill or audio.
  public var run: String
  /// As `RunEvaluation.checkpoint`.
  public var checkpoint: String
  /// Images, films, sounds, lists of images, shards, and folders of all that.
  public var inputs: [String]
  /// The file of features.
  public var output: String
  /// Its format; nil for the one that its ending names.
  public var format: FeatureFormat?
  /// How faces are found in images.
  public var faces = Faces.whole
  /// A model that marks eyes, for networks that learned from faces turned upright.
  public var landmarks: String?
  /// Side of the smallest face that is looked for, in pixels.
  public var minimumFace: Int?
  /// The score from which on something is a face; nil for 0, as the detector was trained.
  public var faceThreshold: Float?
  /// Seconds between two looks for faces in a film; nil for 0.2.
  public var faceIntervalSeconds: Double?
  /// The folder that the paths of lists are relative to; nil for the list's own.
  public var root: String?
  /// Images or frames of a batch.
  public var batch = 64
  /// Number format, instead of the run's.
  public var precision: String?
  /// Threads that decode images, or look for faces in a film, on each rank.
  public var workers = 2
  /// How many files that cannot be used are left out before the extraction ends.
  public var skipLimit = 0
  /// Whether a result that is there already is replaced.
  public var force = false

  /// An extraction with the other settings as they are by default.
  public init(run: String, checkpoint: String, inputs: [String], output: String) {
    self.run = run
    self.checkpoint = checkpoint
    self.inputs = inputs
    self.output = output
  }

  /// What was written.
  public struct Summary: Codable, Sendable {
    /// The file of features.
    public var output: String
    /// The table of what each row is.
    public var table: String
    /// Rows of both.
    public var rows: Int
    /// Features of a row.
    public var width: Int
    /// What could not be used.
    public var problems: [String]
    /// Where no face was found.
    public var faceless: [String]
    /// Files of folders that the network has no sense for.
    public var passedOver: Int
  }

  /// Extracts on all ranks of `job`. Collective.
  ///
  /// - Returns: the summary, the same on all ranks; nil where a signal asked to stop.
  /// - Throws: `TrainerError.agreed` for what all ranks know; anything else is this rank's own.
  public func extract(job: Job) throws -> Summary? {
    let (network, format) = try job.agreement.together {
      (try makeNetwork(job), try checkedFormat())
    }
    let console = Console(style: job.isRankZero ? .lines : .silent)
    var inputs: ExtractionInputs?
    let count = try job.agreement.onRankZero {
      try refuseOverwriting(network)
      let found = try ExtractionInputs(
        self.inputs, sense: network.sense, run: run, root: root, policy: policy)
      try refuseOverwriting(found)
      inputs = found
      return found.lists.count
    }
    let lists = try job.agreement.manifestsOfRankZero(count) { inputs?.lists ?? [] }
    let parts = try described(
      try job.agreement.onRankZero { inputs?.parts ?? [] }, lists: lists, network, job)
    let work = ExtractionWork(
      network, lists: lists, folder: "\(output).parts", policy: policy)
    let isDone = try job.during(.extractingFeatures) {
      try WorkSharing(job: job, work: work, console: console).run(
        parts, isStopRequested: job.isStopRequestedAnywhere)
    }
    guard isDone else { return nil }
    return try job.agreement.onRankZero {
      try join(parts, work, lists: lists, width: network.width, format: format, inputs)
    }
  }

  private var policy: ErrorPolicy { skipLimit > 0 ? .skip(limit: skipLimit) : .fail }

  // MARK: - What is asked for

  private func checkedFormat() throws -> FeatureFormat {
    guard let format = format ?? FeatureFormat(file: output) else {
      throw TrainerError.usage(
        "--output \(output): its ending names no format; let it end in .safetensors, .npy or .csv, or name "
          + "one with --format")
    }
    guard batch > 0, batch <= 4096 else {
      throw TrainerError.usage("--batch \(batch): from 1 to 4096")
    }
    guard workers > 0, workers <= 256 else {
      throw TrainerError.usage("--workers \(workers): from 1 to 256")
    }
    return format
  }

  private var written: [String] { [output, FeatureFileWriter.table(of: output)] }

  private func refuseOverwriting(_ network: ExtractionNetwork) throws {
    try refuseLoss(reading: inputs + network.files + [landmarks].compactMap { $0 })
    if !force, !FeatureFileWriter.isBetweenItsFiles(output) {
      for file in written where DurableFiles.exists(file) {
        throw TrainerError.usage("\(file): is there already; --force replaces it")
      }
    }
    guard !DurableFiles.isFolder(output) else {
      throw TrainerError.usage("--output \(output): is a folder; name a file")
    }
    let folder = DurableFiles.parent(of: output)
    try DurableFiles.makeFolder(folder)
    try DurableFiles.requireWritable(folder)
  }

  /// Refuses to replace what is to be read.
  private func refuseOverwriting(_ inputs: ExtractionInputs) throws {
    let sources = inputs.lists.map(ImageSources.init)
    try refuseLoss(reading: inputs.parts.flatMap { $0.files(in: sources) })
  }

  private func refuseLoss(reading: [String]) throws {
    if let conflict = FileIdentity.conflict(writing: written, reading: reading) {
      throw TrainerError.usage("--output \(output): \(conflict)")
    }
  }

  private func makeNetwork(_ job: Job) throws -> ExtractionNetwork {
    var choice = TrainedRun.Choice()
    choice.checkpoint = checkpoint
    choice.batch = batch
    choice.precision = precision
    choice.landmarks = landmarks
    let folder = RunFolder(path: run)
    if try folder.stage() == .fusion { throw try refusalOfFusion(folder) }
    let trained = try TrainedRun(run, choice)
    job.warnOfSlowKernels(precision: trained.precision)
    return try ExtractionNetwork(
      trained,
      search: ExtractionNetwork.FaceSearch(
        inImages: faces == .detect, options: faceSearch, landmarks: landmarks),
      workers: workers, job: job)
  }

  private var faceSearch: FaceTracker.Options {
    var search = FaceTracker.Options.ofFilms
    search.minimumFace = minimumFace
    search.threshold = faceThreshold ?? search.threshold
    search.intervalSeconds = faceIntervalSeconds ?? search.intervalSeconds
    return search
  }

  private func refusalOfFusion(_ folder: RunFolder) throws -> TrainerError {
    let fusion = try FusionConfiguration.load(file: folder.configuration).values.fusion
    let runs = [fusion.visual, fusion.audio].compactMap { $0 }.joined(separator: " or ")
    return .usage(
      "\(run) is a run of fusion, which reads features and makes none: name the run of one of its "
        + "extractors, \(runs)")
  }

  // MARK: - Parts

  /// Gives parts what names their files, and their sizes. Collective: each rank looks at its share.
  private func described(
    _ parts: [ExtractionPart], lists: [FaceManifest], _ network: ExtractionNetwork, _ job: Job
  ) throws -> [ExtractionPart] {
    let sources = lists.map(ImageSources.init)
    let files = try job.agreement.onRankZero {
      try [network.weights, landmarks].compactMap { $0 }.map {
        try SHA256.digest(ofFile: $0).digest
      }
    }
    let settings =
      "\(network.summary); \(files); \(network.kernels); FFmpeg \(FFmpegLibraries.version); revision "
      + "\(FeatureKey.revision)"
    let ranks = job.communicator.worldSize
    let own = try job.agreement.together {
      try stride(from: job.rank, to: parts.count, by: ranks).map { index in
        var part = parts[index]
        part.digest = try SHA256.digest(
          of: Array(
            ("\(settings)\n\(part.content)\n\(part.places(in: lists))"
              + part.files(in: sources).map { FileState(of: $0).description + "\n" }.joined()).utf8)
        )
        if part.imageRows == nil { part.units = network.frames(of: part) }
        return part
      }
    }
    let all = try job.communicator.allGather(Array(JSONEncoder().encode(own)))
      .map { try JSONDecoder().decode([ExtractionPart].self, from: Data($0)) }
    return parts.indices.map { all[$0 % ranks][$0 / ranks] }
  }

  /// Puts the parts together and removes them.
  private func join(
    _ parts: [ExtractionPart], _ work: ExtractionWork, lists: [FaceManifest], width: Int,
    format: FeatureFormat, _ inputs: ExtractionInputs?
  ) throws -> Summary {
    var summary = Summary(
      output: output, table: FeatureFileWriter.table(of: output), rows: 0, width: width,
      problems: inputs?.problems ?? [], faceless: [],
      passedOver: inputs?.passedOver ?? 0)
    let files = parts.map(work.file)
    for file in files {
      let part = try file.summary()
      summary.rows += part.rows
      summary.problems += part.problems
      summary.faceless += part.faceless
    }
    if summary.problems.count > skipLimit {
      throw TrainerError.tooManyLeftOut(
        count: summary.problems.count, limit: skipLimit, last: summary.problems[0])
    }
    let sources = lists.map(ImageSources.init)
    try FeatureFileWriter(output: output, format: format, width: width).write(
      files, rows: summary.rows, metadata: ["network": work.summary]
    ) { part, origin in part.source(of: origin, in: sources) }
    try PartFile.removeAll(in: "\(output).parts")
    return summary
  }
}

extension RunExtraction.Summary {
  /// For people.
  public var text: String {
    "\(output): \(rows) rows of \(width) features; what each is says \(table)"
  }

  /// One JSON object.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
