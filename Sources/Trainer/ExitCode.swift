import Datasets
import Distributed
import Media
import Nets

/// What the process tells whoever started it. Users' scripts depend on the numbers: the list may
/// grow, none changes its meaning.
public enum ExitStatus: Int32, Sendable, CaseIterable {
  /// The run reached its end.
  case finished = 0
  /// The command line or the configuration is wrong.
  case usage = 64
  /// The data set or a checkpoint is missing or damaged.
  case badData = 65
  /// A rank waited too long for the others (watchdog).
  case hung = 69
  /// Anything that no user can be blamed for.
  case internalError = 70
  /// Stopped by a signal with a checkpoint written: run it again.
  case preempted = 75
  /// Interrupted twice, without a checkpoint.
  case interruptedTwice = 130

  /// The status of a run that ended with `error`.
  public init(of error: any Error) {
    switch error {
    case let error as TrainerError: self = error.exitStatus
    case DatasetError.setting: self = .usage
    case MediaError.codec, MediaError.unwritable: self = .internalError
    case is MediaError: self = .badData
    case is DatasetError, is WeightsError, is FusionProblem: self = .badData
    case DistributedError.worldSizeDoesNotFit, DistributedError.worldSizeNotPowerOfTwo:
      self = .usage
    case NetsError.shape, NetsError.threads, NetsError.bfloat16Missing, NetsError.notExportable:
      self = .usage
    case NetsError.parameterShape, NetsError.missingParameter, NetsError.unknownParameter,
      NetsError.parameterType, NetsError.batchCount, NetsError.parameterNotFinite,
      NetsError.negativeVariance:
      self = .badData
    default: self = .internalError
    }
  }

  /// What the status means, for help texts.
  public var meaning: String {
    switch self {
    case .finished: "finished"
    case .usage: "wrong command line or configuration"
    case .badData: "bad data or checkpoint"
    case .hung: "hung (watchdog)"
    case .internalError: "internal error"
    case .preempted: "stopped by a signal or in time, checkpoint saved; run it again"
    case .interruptedTwice: "interrupted twice, no checkpoint"
    }
  }

  /// All statuses for a help text.
  public static var table: String {
    allCases.map { "\($0.rawValue) \($0.meaning)" }.joined(separator: "; ")
  }
}
