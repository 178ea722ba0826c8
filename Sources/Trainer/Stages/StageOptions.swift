/// What the command line says about a run of any stage.
public struct StageOptions: Sendable {
  /// The YAML file.
  public var configurationFile: String
  /// `key=value` arguments, which win over the file.
  public var overrides: [String]
  /// The run folder; nil makes a new one below `runs`.
  public var runFolder: String?
  /// Where the run begins.
  public var resume: ResumePolicy
  /// Go on although the kernels are others than the checkpoint's, or differ between ranks.
  public var allowIdentityChange: Bool
  /// How long the job may take; nil for as long as its scheduler lets it.
  public var timeLimit: TimeLimit?
  /// The update after which the run pauses, with a checkpoint; nil for the last one.
  public var stopAfter: Int?
  /// How long the scheduler waits between asking the job to stop and killing it; nil where nobody said.
  public var graceSeconds: Int?
  /// Where a picture of what ran when is written; nil for none.
  public var trace: String?

  /// Options with every field given.
  public init(
    configurationFile: String, overrides: [String], runFolder: String?, resume: ResumePolicy,
    allowIdentityChange: Bool, timeLimit: TimeLimit? = nil, stopAfter: Int? = nil,
    graceSeconds: Int? = nil, trace: String? = nil
  ) {
    self.configurationFile = configurationFile
    self.overrides = overrides
    self.runFolder = runFolder
    self.resume = resume
    self.allowIdentityChange = allowIdentityChange
    self.timeLimit = timeLimit
    self.stopAfter = stopAfter
    self.graceSeconds = graceSeconds
    self.trace = trace
  }
}
