import ArgumentParser
import AverInference
import Foundation
import Predictions
import Trainer

/// `aver predict`: expression, valence and arousal of a film, a sound or a picture.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predicts expression, valence and arousal of a film, a sound or a picture.",
    discussion: """
      RUN is a run folder: of teacher or distill (films and pictures), of audio (sounds, and those of \
      films) or of fusion (films with sound; either alone where it has learned to do without the other). \
      INPUT is a file of any common format, told by its content, or - for the standard input.

      A line is written for each frame of a film (of fusion and of sound: every 40 ms) or each face of a \
      picture: where the face is, how probable each class is, and valence and arousal from -1 to 1; what is \
      unknown, such as in a frame without a face, stays empty (in JSON null). Of several faces of a \
      film, the one that covers most of it is followed.

      What is predicted is the apparent expression, as people who labelled the training data would \
      have called it, and not what somebody feels.

      Exit codes: \(ExitStatus.table).
      """)

  @Argument(
    help: ArgumentHelp("The run folder.", valueName: "run"), completion: .directory)
  var folder: String

  @Argument(help: "A film, a sound or a picture; - for the standard input.", completion: .file())
  var input: String

  @Option(
    name: .shortAndLong, help: "The file of predictions instead of the standard output.",
    completion: .file())
  var output: String?

  @Option(help: "csv or jsonl, instead of what the output's ending names.")
  var format: PredictionFormat?

  @Option(
    help:
      "Draw the predictions: a .png or .svg with traces over time and the valence/arousal plane.",
    completion: .file())
  var plot: String?

  @Option(help: "Write the film with the predictions drawn on it, an .mp4.", completion: .file())
  var overlay: String?

  @Option(
    help: """
      Of a picture: detect looks for faces; whole takes it for a face and little else, as those of the \
      training.
      """)
  var faces = RunPrediction.Faces.detect

  @OptionGroup var network: TrainedNetworkOptions

  @Option(
    help: "Of a run of fusion: the run of its visual extractor, where it has been moved.",
    completion: .directory)
  var visual: String?

  @Option(
    help: "Of a run of fusion: the run of its audio extractor, where it has been moved.",
    completion: .directory)
  var audio: String?

  @Option(help: "Threads that share a kernel's work, instead of the run's.")
  var threads: Int?

  @Option(
    help: """
      Threads that look for faces and run copies of the network side by side; as many as \
      there are processors, 4 at most, by default. They change nothing but the time.
      """)
  var workers: Int?

  @Flag(help: "Replace files that are there already.")
  var force = false

  func run() throws {
    Interruption.removeUnfinishedFiles()
    let progress = ProgressLine()
    do {
      let remarks = try prediction.predict(
        progress: progress.show, write: { try StandardStream.output.write($0) })
      progress.end()
      remarks.forEach { Job.printError($0) }
    } catch {
      progress.end()
      Job.printError("\(error)")
      throw ExitCode(PredictionError.status(of: error).rawValue)
    }
  }

  private var prediction: RunPrediction {
    var options = InferenceOptions()
    options.checkpoint = network.checkpoint
    options.precision = network.precision
    options.threads = threads
    options.landmarks = network.landmarks
    options.minimumFace = network.minimumFace
    options.faceThreshold = network.faceThreshold
    options.faceIntervalSeconds = network.faceInterval
    options.workers = workers ?? options.workers
    options.visual = visual
    options.audio = audio
    var prediction = RunPrediction(run: folder, input: input)
    prediction.output = output
    prediction.format = format
    prediction.plot = plot
    prediction.overlay = overlay
    prediction.faces = faces
    prediction.options = options
    prediction.force = force
    return prediction
  }
}

extension PredictionFormat: ExpressibleByArgument {}
extension RunPrediction.Faces: ExpressibleByArgument {}
