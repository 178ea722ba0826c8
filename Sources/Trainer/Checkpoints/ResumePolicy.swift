/// Where a run begins: `--resume`.
public enum ResumePolicy: Equatable, Sendable, CustomStringConvertible {
  /// At the newest valid checkpoint of the run folder, at the start where there is none.
  case auto
  /// At the start, in a folder without a run.
  case never
  /// At this checkpoint.
  case checkpoint(String)

  /// Reads `auto`, `never` or the path of a checkpoint.
  public init(_ text: String) {
    switch text {
    case "auto": self = .auto
    case "never": self = .never
    default: self = .checkpoint(text)
    }
  }

  /// As it is written on the command line.
  public var description: String {
    switch self {
    case .auto: "auto"
    case .never: "never"
    case .checkpoint(let path): path
    }
  }
}
