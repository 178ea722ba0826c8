import Foundation
import Trainer

/// Says what a launcher does, on the standard error and in the run folder's `logs/launcher.log`.
///
/// The folder is the trainer's to make, once nothing stands against the run; lines from before wait.
final class LaunchLog {
  private let folder: String
  private var waiting = ""

  /// Whether there are lines that wait for the folder.
  var isWaiting: Bool { !waiting.isEmpty }

  /// - Parameter run: the run folder.
  init(run: String) { folder = "\(run)/logs" }

  /// Says a sentence, with the time.
  func say(_ sentence: String) {
    let line = Self.time(Date()) + Self.speaker + sentence + "\n"
    // A job does not end because nobody hears about it.
    try? StandardStream.errors.write(line)
    waiting += line
    writeWaiting()
  }

  /// Writes what has waited for the folder, if that is there now.
  func writeWaiting() {
    guard isWaiting, let file = fopen("\(folder)/launcher.log", "ae") else { return }
    defer { fclose(file) }
    if fputs(waiting, file) >= 0 { waiting = "" }
  }

  /// What was said last of a run; nil where nothing was.
  static func lastSentence(ofRun run: String) -> String? {
    lastLine(ofRun: run).flatMap(sentence(ofLine:))
  }

  /// The same with its time.
  static func lastLine(ofRun run: String) -> String? { lines(ofRun: run).last }

  /// What a line says, without its time.
  static func sentence(ofLine line: String) -> String? {
    line.range(of: speaker).map { String(line[$0.upperBound...]) }
  }

  /// How often a run was started once more, other than after a pause that was asked for; nil where no launcher
  /// has told.
  static func restarts(ofRun run: String) -> Int? {
    var (restarts, isExpected) = (-1, false)
    for line in lines(ofRun: run) {
      if line.contains(speaker + "starting ") {
        restarts += isExpected ? 0 : 1
        isExpected = false
      } else if line.contains(speaker + RestartPolicy.LeaveReason.paused) {
        isExpected = true
      }
    }
    return restarts < 0 ? nil : restarts
  }

  /// All that was said of a run.
  private static func lines(ofRun run: String) -> [String] {
    let bytes = (try? DurableFiles.contents("\(run)/logs/launcher.log")) ?? nil
    return String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static let speaker = " aver-launch: "

  private static func time(_ date: Date) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    return formatter.string(from: date)
  }
}
