import ArgumentParser
import Foundation
import Launcher
import Trainer

/// `aver-launch status`
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Tells how runs and sweeps stand, wherever they run.",
    discussion: """
      Example: aver-launch status runs sweeps/first --watch 5

      A path is a run, a sweep or a folder of them; without one, the folders runs and sweeps here. The \
      scheduler is asked for all jobs together.

      States: waiting (in a queue), running, stopped (goes on with the same command), failed, finished, \
      unknown (was handed in, and the scheduler does not answer). \
      DONE are updates of a run and trials of a sweep, LEFT is hours:minutes:seconds at the rate of \
      now. --json prints a list of objects with path, kind, state, detail, done, total, value, rate, \
      secondsLeft, restarts, job and host; what is not known is left out.

      Exit codes: 0; 64 where there is neither a run nor a sweep.
      """)

  @Argument(help: "Runs, sweeps, or folders of them.", completion: .directory)
  var paths: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  @Option(help: ArgumentHelp("Tell again every so often, until ctrl-C.", valueName: "seconds"))
  var watch: Double?

  func validate() throws {
    guard watch ?? 1 >= 1 else { throw ValidationError("--watch must be 1 second or more") }
  }

  func run() throws {
    let own = ["runs", "sweeps"].filter { FileManager.default.fileExists(atPath: $0) }
    guard !paths.isEmpty || !own.isEmpty else {
      throw ValidationError("there is neither runs nor sweeps here: name a folder")
    }
    try explainingFailures {
      while true {
        let text = try StatusTable.text(of: paths.isEmpty ? own : paths, isJSON: json)
        // Home, the text, and nothing of an older one below it.
        let isScreen = watch != nil && !json && isatty(STDOUT_FILENO) == 1
        try StandardStream.output.write(
          isScreen ? "\u{1B}[H\u{1B}[J" + text : text)
        guard let watch else { return }
        Thread.sleep(forTimeInterval: watch)
      }
    }
  }
}

/// `aver-launch logs`
struct LogsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs",
    abstract: "Prints what was said about a run or a sweep.",
    discussion: """
      Example: aver-launch logs runs/first --follow

      Of a run: what its batch jobs printed, what the launcher did and why, and what a rank logged.
      """)

  @Argument(help: "A run or a sweep.", completion: .directory)
  var path: String

  @Option(help: "The rank whose log is printed.")
  var rank = 0

  @Option(help: "How many lines of each file.")
  var lines = 20

  @Flag(help: "Go on with what comes, until ctrl-C.")
  var follow = false

  func validate() throws {
    guard rank >= 0, lines >= 0 else {
      throw ValidationError("--rank and --lines must be 0 or more")
    }
  }

  func run() throws {
    try explainingFailures { try LogView(of: path, rank: rank).show(lines: lines, follows: follow) }
  }
}

/// `aver-launch cancel`
struct CancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Ends runs and sweeps.",
    discussion: """
      Example: aver-launch cancel sweeps/first

      What runs on this machine ends with a checkpoint; batch jobs are cancelled, of a sweep all of \
      them. The same command as before goes on from what is on disk.
      """)

  @Argument(help: "Runs, sweeps, or folders of them.", completion: .directory)
  var paths: [String]

  func run() throws {
    try explainingFailures { try Cancellation { Job.printError($0) }.cancel(paths) }
  }
}

/// `aver-launch report`
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Brings the pages of runs and sweeps up to date, and tells where they are.",
    discussion: """
      Examples:
        aver-launch report sweeps/first
        aver-launch report runs

      Of a sweep: report.html, trials.csv and best.yaml of what it has come to by now. Of a folder of runs \
      and sweeps: report.html, a table of how all of them stand that leads to the pages of each. A run \
      writes its report.html itself, at evaluations. Each page's path is a line of the standard output.

      Exit codes: 0; 64 where there is neither a run nor a sweep, and of a run that has no page yet.
      """)

  @Argument(help: "Runs, sweeps, or folders of them.", completion: .directory)
  var paths: [String]

  func run() throws {
    for path in paths {
      let page = try explainingFailures { try ReportPages.page(of: path) }
      try StandardStream.output.write("\(page)\n")
    }
  }
}
