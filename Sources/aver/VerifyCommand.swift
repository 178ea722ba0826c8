import ArgumentParser
import Datasets
import Foundation
import Trainer

/// `aver verify`: whether data and checkpoints are fit for use.
struct VerifyCommand: ParsableCommand {
  private static let formats =
    DataFormat.allCases.map(\.rawValue) + SavedModelFormat.allCases.map(\.rawValue)

  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks a data set, shards, a checkpoint or a file of weights.",
    discussion: """
      PATH is a list, a folder or shards of any format that aver reads, a folder of several data sets, a \
      run folder, a checkpoint or a safetensors file; which one, is told by its content. Name a folder \
      with all lists of a set to have its splits compared.

      Reads every row and decodes every image, sound and film; prints counts, class balance, ranges of \
      valence and arousal, sizes, what cannot be used and why, and what is in several splits: files by \
      SHA-256, speakers by name. Copies within a split are told and are no fault. Nothing is written but \
      --list.

      Exit codes: 0 nothing is wrong; 64 wrong command line; 65 something cannot be used, or is in \
      several splits; 70 internal error.
      """)

  @Argument(help: "What to check.", completion: .file())
  var path: String

  @Option(help: "What it is, where that cannot be told: \(formats.joined(separator: ", ")).")
  var format: String?

  @Option(help: "The folder that paths in lists are relative to, instead of each list's own.")
  var root: String?

  @Option(
    help: "The list (url,path) or folder of a FEC list's images, instead of images.csv or images.")
  var images: String?

  @Flag(help: "Only look whether files are there: decode and compare none.")
  var quick = false

  @Option(help: "Threads that decode, instead of one for each core.")
  var threads: Int?

  @Option(help: "How many findings of each kind are printed.")
  var show = 20

  @Option(help: "A file that all findings are written to (CSV: kind, file, line, column, reason).")
  var list: String?

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  private var savedFormat: SavedModelFormat? {
    format.map(SavedModelFormat.init) ?? .recognised(at: path)
  }

  func validate() throws {
    if let format, !Self.formats.contains(format) {
      throw ValidationError(
        "--format '\(format)' is not one of \(Self.formats.joined(separator: ", "))")
    }
    guard show >= 0 else { throw ValidationError("--show must be at least 0, not \(show)") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be 1 to 1024, not \(threads)")
    }
    if list != nil && savedFormat != nil {
      throw ValidationError("--list is for data sets; of saved models all findings are printed")
    }
  }

  func run() throws {
    let isClean: Bool
    do {
      isClean = try savedFormat.map(verifyModel) ?? verifyData()
    } catch {
      Job.printError("\(error)")
      throw ExitCode(ExitStatus(of: error).rawValue)
    }
    if !isClean { throw ExitCode.badData }
  }

  private func verifyModel(_ format: SavedModelFormat) throws -> Bool {
    let report = try SavedModelVerification(path, as: format).run()
    try printResult(json ? report.json() : report.text)
    return report.isClean
  }

  private func verifyData() throws -> Bool {
    var options = Verification.Options()
    options.format = format.flatMap(DataFormat.init)
    (options.root, options.images, options.list) = (root, images, list)
    (options.decodes, options.shown) = (!quick, show)
    options.threads = threads ?? options.threads
    let progress = ProgressLine()
    let report = try Verification(path, options: options).run { progress.show($0, of: $1) }
    progress.clear()
    try printResult(json ? report.json() : report.text)
    return report.isClean
  }
}

/// How far a command is, in one line of a terminal; nothing where nobody looks.
///
/// Sendable because one thread at a time calls it.
private final class ProgressLine: @unchecked Sendable {
  private static let secondsBetween = 0.2

  private let isTerminal = isatty(StandardStream.errors.rawValue) == 1
  private var last = Date.distantPast

  func show(_ done: Int, of total: Int) {
    let now = Date()
    guard isTerminal, done == total || now.timeIntervalSince(last) >= Self.secondsBetween else {
      return
    }
    last = now
    // Whoever closed the terminal needs no progress.
    try? StandardStream.errors.write("\r\(done) of \(total) files")
  }

  /// Makes room for the result.
  func clear() {
    if isTerminal { try? StandardStream.errors.write("\r\u{1B}[K") }
  }
}
