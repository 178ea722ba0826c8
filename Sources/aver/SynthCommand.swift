import ArgumentParser
import Datasets
import Foundation
import Trainer

/// `aver synth`: draws a corpus.
struct SynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth",
    abstract: "Draws labelled faces, in the layout of AffectNet's first release.",
    discussion: """
      Writes DIR/training.csv, DIR/validation.csv and the pictures under DIR/images. The same options \
      give the same bytes. An earlier corpus in DIR is replaced; a folder that holds anything else is \
      left alone unless forced.
      """)

  @Argument(help: "The folder to write to.", completion: .directory)
  var directory: String

  @Option(help: "Faces, over both splits.")
  var faces = SyntheticFaces.Options().faces

  @Option(help: "What every face and all noise follow from.")
  var seed = SyntheticFaces.Options().seed

  @Option(help: "Height and width of the pictures, in pixels.")
  var imageSize = SyntheticFaces.Options().imageSize

  @Flag(help: "Write into a folder that holds something else; nothing is removed from it.")
  var force = false

  private var options: SyntheticFaces.Options {
    SyntheticFaces.Options(faces: faces, seed: seed, imageSize: imageSize)
  }

  func validate() throws {
    do {
      try options.validate()
    } catch {
      throw ValidationError("\(error)")
    }
  }

  func run() throws {
    let start = Date()
    let summary = try draw()
    let seconds = Date().timeIntervalSince(start)
    try printResult(
      "\(directory)/training.csv: \(summary.training) faces\n"
        + "\(directory)/validation.csv: \(summary.validation) faces, of other people\n"
        + "\(imageSize)x\(imageSize) pixels, seed \(seed), drawn in "
        + String(format: "%.1f s", seconds))
  }

  private func draw() throws -> SyntheticFaces.Summary {
    do {
      return try SyntheticFaces.write(to: directory, options: options, force: force)
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
