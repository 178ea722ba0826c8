import Datasets
import Foundation
import Trainer

/// How a run's networks are used.
public struct InferenceOptions: Sendable {
  /// `best` (`final` in a run that has no best model), `final`, `latest`, or the path of a checkpoint or of a
  /// safetensors file.
  public var checkpoint = "best"
  /// Number format of activations, `f32` or `bf16`; nil for the run's.
  public var precision: String?
  /// Threads that share a kernel's work; nil for the run's. Part of what a result's bits depend on.
  public var threads: Int?
  /// Faces or moments that a network takes at once.
  public var batch = 32
  /// dlib's model of 68 points, for networks that learned from faces turned upright by their eyes.
  public var landmarks: String?
  /// The side of the smallest face that is looked for, in pixels; nil for a sixth of the picture's shorter
  /// side, and at least 40.
  public var minimumFace: Int?
  /// The score from which on something is a face: 0 as the detector was trained, less for more faces and more
  /// false alarms; nil for 0, or what a run of fusion says.
  public var faceThreshold: Float?
  /// Seconds between two looks for faces in a film; the face is interpolated between them. 0 looks at every
  /// picture; nil for 0.2, or what a run of fusion says.
  public var faceIntervalSeconds: Double?
  /// Threads that look for faces in films and run copies of the network side by side; they
  /// change nothing but time and memory.
  public var workers = min(4, ProcessInfo.processInfo.activeProcessorCount)
  /// Of a run of fusion: the run folder of its visual extractor, where it has been moved.
  public var visual: String?
  /// Of a run of fusion: the run folder of its audio extractor, where it has been moved.
  public var audio: String?

  /// The run's own settings.
  public init() {}

  var choice: TrainedRun.Choice {
    var choice = TrainedRun.Choice()
    choice.checkpoint = checkpoint
    choice.precision = precision
    choice.threads = threads
    choice.batch = batch
    choice.landmarks = landmarks
    choice.visual = visual
    choice.audio = audio
    return choice
  }

  /// How faces are found.
  ///
  /// - Parameter search: as a run says.
  func search(_ search: FaceTracker.Options = .ofFilms) -> FaceTracker.Options {
    var search = search
    search.minimumFace = minimumFace ?? search.minimumFace
    search.threshold = faceThreshold ?? search.threshold
    search.intervalSeconds = faceIntervalSeconds ?? search.intervalSeconds
    return search
  }

  /// Copies of a network that run side by side, each with threads of its own.
  ///
  /// More than there are processors would take memory and win nothing.
  func networks(ofThreads threads: Int) -> Int {
    max(1, min(workers, ProcessInfo.processInfo.activeProcessorCount) / threads)
  }

  /// - Throws: `InferenceError.setting`, `DatasetError.setting`.
  func validate() throws {
    guard (1...4096).contains(batch) else {
      throw InferenceError.setting(name: "batch", reason: "\(batch) is not from 1 to 4096")
    }
    guard (1...256).contains(workers) else {
      throw InferenceError.setting(name: "workers", reason: "\(workers) is not from 1 to 256")
    }
    try search().validate()
  }
}
