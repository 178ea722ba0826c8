/// Where a configuration value was written.
public enum ConfigurationOrigin: Sendable, Equatable, CustomStringConvertible {
  /// A line of a configuration file, counted from 1.
  case line(file: String, line: Int)
  /// A configuration file as a whole.
  case file(String)
  /// A `key=value` argument of the command line.
  case argument(String)
  /// Nowhere: the default holds.
  case builtIn

  /// `FILE:LINE`, or the argument.
  public var description: String {
    switch self {
    case .line(let file, let line): "\(file):\(line)"
    case .file(let file): file
    case .argument(let text): "argument '\(text)'"
    case .builtIn: "default"
    }
  }
}

/// One thing that is wrong with a configuration, and what to do about it.
public struct ConfigurationMistake: Sendable, Equatable, CustomStringConvertible {
  /// Where the value stands.
  public var origin: ConfigurationOrigin
  /// The dotted key, empty where the mistake is not about one key.
  public var key: String
  /// What is wrong and what would be right.
  public var problem: String

  /// A mistake at `origin`.
  public init(origin: ConfigurationOrigin, key: String, problem: String) {
    self.origin = origin
    self.key = key
    self.problem = problem
  }

  /// `FILE:LINE: KEY: PROBLEM`.
  public var description: String {
    key.isEmpty ? "\(origin): \(problem)" : "\(origin): \(key): \(problem)"
  }
}
