import ArgumentParser
import Trainer

/// `aver extract`: features of images, films and sounds, by a trained network.
struct ExtractCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract",
    abstract: "Extracts features of images, films and sounds by a run's network.",
    discussion: """
      RUN is a run folder of teacher or distill (images and films) or of audio (sounds, and those of \
      films). INPUT names files, folders, lists of images (.csv with AffectNet's columns, .txt with a \
      path a line) or shards (faces-{000000..000099}.tar).

      The features are rows of float32 in one file, --output: .safetensors (a tensor, features), .npy \
      or .csv. A table beside it, NAME.rows.csv, tells what each row is: the file, the frame, its time and \
      where the face is. An image gives one row, or with --faces detect one for each face that is found in \
      it; a film one every 40 ms in which its dominant face is seen; a sound one every 40 ms, of the \
      0.96 s around it.

      Under mpirun, ranks share the work; the bytes are the same for any number of them. An extraction that \
      was interrupted goes on when it is started again: what is done is kept in OUTPUT.parts until all of it \
      is there. SIGTERM, SIGINT and SIGUSR1 stop it with exit code 75.

      Exit codes: \(ExitStatus.table).
      """)

  @Argument(
    help: ArgumentHelp("The run folder.", valueName: "run"), completion: .directory)
  var folder: String

  @Argument(
    help: ArgumentHelp("Images, films, sounds, lists, shards or folders.", valueName: "input"),
    completion: .file())
  var inputs: [String]

  @Option(
    name: .shortAndLong, help: "The file of features; its ending names the format.",
    completion: .file())
  var output: String

  @Option(help: "safetensors, npy or csv, whatever the ending.")
  var format: FeatureFormat?

  @Option(
    help: """
      What images are: whole, each shows a face and little else, as in training; detect, photographs \
      in which faces are looked for.
      """)
  var faces = RunExtraction.Faces.whole

  @OptionGroup var network: TrainedNetworkOptions

  @Option(
    help: "The folder that the paths of lists are relative to, instead of the list's own.",
    completion: .directory)
  var root: String?

  @Option(help: "Images or frames that the network takes at once.")
  var batch = 64

  @Option(
    help: "Threads of each rank that decode images, or look for faces in a film.")
  var workers = 2

  @Option(help: "How many files that cannot be used are left out before the extraction ends.")
  var skipLimit = 0

  @Flag(help: "Replace a result that is there already.")
  var force = false

  @Flag(help: "Print one JSON object at the end instead of lines.")
  var json = false

  func run() throws {
    let extraction = extraction
    let status = Job.run(takingSignals: true, limits: .patient) { job in
      guard let summary = try extraction.extract(job: job) else { return .preempted }
      if job.isRankZero { Self.printRemarks(of: summary) }
      try job.printResult(json ? summary.json() : summary.text)
      return .finished
    }
    guard status == .finished else { throw ExitCode(status.rawValue) }
  }

  private var extraction: RunExtraction {
    var extraction = RunExtraction(
      run: folder, checkpoint: network.checkpoint, inputs: inputs, output: output)
    extraction.format = format
    extraction.faces = faces
    extraction.minimumFace = network.minimumFace
    extraction.faceThreshold = network.faceThreshold
    extraction.faceIntervalSeconds = network.faceInterval
    extraction.landmarks = network.landmarks
    extraction.root = root
    extraction.batch = batch
    extraction.precision = network.precision
    extraction.workers = workers
    extraction.skipLimit = skipLimit
    extraction.force = force
    return extraction
  }

  private static func printRemarks(of summary: RunExtraction.Summary) {
    summary.problems.forEach { Job.printError("left out \($0)") }
    summary.faceless.forEach { Job.printError($0) }
    if summary.passedOver > 0 {
      Job.printError(
        "passed over \(summary.passedOver) files of folders that the network has no sense for")
    }
  }
}

extension FeatureFormat: ExpressibleByArgument {}
extension RunExtraction.Faces: ExpressibleByArgument {}
