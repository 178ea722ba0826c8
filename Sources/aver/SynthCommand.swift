import ArgumentParser
import Datasets
import Foundation
import Trainer

/// `aver synth`: makes a corpus.
struct SynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth",
    abstract: "Makes a synthetic corpus in the formats of the real data sets.",
    discussion: """
      Writes one folder for each data set:

        DIR/affectnet  labelled faces, as AffectNet's first release: training.csv, validation.csv
        DIR/fec        half as many faces in triplets, as Google's facial expression comparison: two \
      lists, and images.csv from addresses to images
        DIR/rafdb      a quarter as many, as RAF-DB: another population, light and camera
        DIR/unlabeled  half as many, images only
        DIR/speech     utterances with emotions, named as RAVDESS
        DIR/recola     people who talk, as RECOLA: films, sound, valence and arousal by six \
      annotators; recordings_faces has their landmarks

      Those to test on are other people than those to train on. The same options give the same bytes, \
      whatever the number of cores. An earlier corpus in DIR is replaced; a folder that holds anything \
      else is left alone unless forced. The lists come last: where they are, the set is complete.
      """)

  @Argument(help: "The folder to write to.", completion: .directory)
  var directory: String

  @Option(help: "Labelled faces, over both splits; 0 leaves out all sets of faces.")
  var faces = SyntheticCorpus.Options().faces

  @Option(help: "Utterances; 0 leaves them out.")
  var speech = SyntheticCorpus.Options().speech

  @Option(help: "Clips of people who talk; 0 leaves them out.")
  var clips = SyntheticCorpus.Options().clips

  @Option(help: "How long a clip is, in seconds; RECOLA's last 300.")
  var clipSeconds = SyntheticCorpus.Options().clipSeconds

  @Option(help: "What everybody, everything they do and all noise follow from.")
  var seed = SyntheticCorpus.Options().seed

  @Option(help: "Height and width of pictures and clips, in pixels.")
  var imageSize = SyntheticCorpus.Options().imageSize

  @Flag(help: "Write into a folder that holds something else; nothing is removed from it.")
  var force = false

  private var options: SyntheticCorpus.Options {
    SyntheticCorpus.Options(
      faces: faces, speech: speech, clips: clips, clipSeconds: clipSeconds, seed: seed,
      imageSize: imageSize)
  }

  func validate() throws {
    do {
      try options.validate()
    } catch {
      throw ValidationError("\(error)")
    }
  }

  func run() throws {
    let sets = try make()
    let lines = sets.map {
      "\($0.folder): \($0.summary), in " + String(format: "%.1f s", $0.seconds)
    }
    try printResult(lines.joined(separator: "\n") + "\nseed \(seed)")
  }

  private func make() throws -> [SyntheticCorpus.WrittenSet] {
    do {
      return try SyntheticCorpus.write(to: directory, options: options, force: force)
    } catch let error as DatasetError {
      if case .folderInUse = error { throw ValidationError("\(error) with --force") }
      throw failed(error)
    } catch {
      throw failed(error)
    }
  }

  private func failed(_ error: any Error) -> ExitCode {
    Job.printError("\(error)")
    return .badData
  }
}
