import Datasets
import Logging
import Nets

/// What is particular to a stage: what it trains, on what, and how good the result is.
///
/// `StageRun` does what all stages have in common.
protocol Stage {
  associatedtype Configuration: StageConfiguration

  /// What rows of the training's batches are, for rates: `images`.
  static var samples: String { get }

  /// Says which file of a configuration is not there, before anything is made or read.
  ///
  /// - Throws: `TrainerError.missingData`.
  static func requireFiles(_ configuration: Configuration) throws

  /// Reads the data. Collective.
  ///
  /// - Throws: `TrainerError.agreed` for what all ranks know.
  init(_ loaded: LoadedConfiguration<Configuration>, job: Job) throws

  /// Makes what training reads and takes long, such as another model's outputs. Collective; whatever
  /// is done when a stop is requested is found again.
  ///
  /// - Parameters:
  ///   - folder: the run's.
  ///   - console: for lines that say how far it is.
  ///   - isStopRequested: asked between pieces of work, on all ranks; collective.
  /// - Returns: false when a stop was requested.
  mutating func prepare(
    in folder: RunFolder, console: Console, isStopRequested: () throws -> Bool
  ) throws -> Bool

  /// Updates of a pass over the training set.
  var stepsPerEpoch: Int { get }
  /// What happens to samples that cannot be used.
  var errorPolicy: ErrorPolicy { get }
  /// What is trained, in a few words: `resnet18 112 px`.
  var model: String { get }
  /// On what, in a few words: `900 training and 100 validation faces`.
  var data: String { get }
  /// Further lines for people.
  var remarks: [String] { get }
  /// Outputs of the network that are to be learned from labels of which the training data has none.
  var untaught: [String] { get }
  /// The lists that were read, with the rows that they leave out.
  var lists: [(path: String, problems: [RowProblem])] { get }
  /// A digest of what training depends on.
  ///
  /// - Parameter isSteered: whether evaluations steer the training, which then depends on what they are
  ///   made on as well.
  func dataDigest(isSteered: Bool) throws -> String
  /// A digest of what was chosen of it while the stage was prepared; nil before, and where nothing is.
  func choiceDigest() throws -> String?

  /// The names of the network's parameters, known before the stage is prepared.
  ///
  /// - Throws: `NetsError.shape`.
  func parameterNames() throws -> [String]
  /// Makes the network with its losses.
  ///
  /// - Throws: `NetsError.shape`.
  func makeGraph() throws -> Graph
  /// Replaces initial weights by those that another training left, where the configuration names any.
  ///
  /// - Returns: a line for people; nil where there are none.
  func loadInitialWeights(into parameters: ParameterStore) throws -> String?
  /// Starts loading samples.
  ///
  /// - Parameters:
  ///   - steps: those that are still to be made.
  ///   - leaves: the micro-batches of a step that this rank computes.
  ///   - evaluated: the weights that evaluations see, as they are when one begins.
  func makeTask(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>, evaluated: ParameterStore,
    logger: Logger
  ) throws -> any TrainingTask
}

extension Stage {
  var untaught: [String] { [] }

  func choiceDigest() throws -> String? { nil }

  func parameterNames() throws -> [String] { try makeGraph().parameters.map(\.name) }

  func prepare(
    in folder: RunFolder, console: Console, isStopRequested: () throws -> Bool
  ) throws -> Bool { true }
}
