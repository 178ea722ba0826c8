import AverInference
import Drawing
import Foundation
import Media
import Trainer

/// What a run's model says of a film, a sound or a picture, as files: `aver predict`.
public struct RunPrediction {
  /// How faces are found in a picture.
  public enum Faces: String, CaseIterable, Sendable {
    /// They are looked for.
    case detect
    /// The picture shows a face and little else, as those of the training did.
    case whole
  }

  /// The run folder.
  public var run: String
  /// A file, or `-` for the standard input.
  public var input: String
  /// The file of predictions; nil for the standard output.
  public var output: String?
  /// Its format; nil for the one that its ending names, or CSV.
  public var format: PredictionFormat?
  /// A picture of the predictions, PNG or SVG by its ending.
  public var plot: String?
  /// The film with the predictions drawn on it, an MP4.
  public var overlay: String?
  /// How faces are found in a picture.
  public var faces = Faces.detect
  /// How the run's networks are used.
  public var options = InferenceOptions()
  /// Whether files that are there already are replaced.
  public var force = false

  /// A prediction with the other settings as they are by default.
  public init(run: String, input: String) {
    self.run = run
    self.input = input
  }

  /// Predicts and writes the files.
  ///
  /// - Parameters:
  ///   - progress: hears what is done and how far it is.
  ///   - write: takes the predictions' text where they go to the standard output.
  /// - Returns: what somebody who reads the numbers has to know.
  /// - Throws: an error whose description names the file and the fix; see `PredictionError.status`.
  public func predict(
    progress: (_ what: String, _ part: Double) -> Void, write: (String) throws -> Void
  ) throws -> [String] {
    try refuseImpossible()
    let trained = try TrainedRun(run, options)
    try refuseLoss(reading: trained.files)
    let model = try TrainedModel(trained, options)
    let input = try PredictionInput(input)
    try refuseImpossible(for: input.kind)
    let results = try input.naming {
      switch input.kind {
      case .image: try stillResults(of: input, by: model)
      case .film, .sound:
        try recordingResults(of: input, by: model) { progress("predicting", $0) }
      }
    }
    try writeTable(results, write)
    if let plot {
      try PredictionFigure(results.drawn(title: input.title)).write(to: plot)
    }
    if let overlay, case .recording(let prediction, _) = results.content {
      try input.naming {
        try OverlayFilm(classes: results.classes, prediction: prediction).write(
          input.path, to: overlay, progress: { progress("drawing", $0) })
      }
    }
    return results.remarks + remarks(of: model)
  }

  private func remarks(of model: TrainedModel) -> [String] {
    func lack(_ what: String) -> String {
      "\(run) has not learned \(what), or had no labels to: they are not predicted"
    }
    let hearsAlone = if case .affect(let model) = model { !model.sees } else { false }
    return (model.classes.isEmpty && !hearsAlone ? [lack("classes")] : [])
      + (model.predictsAffect ? [] : [lack("valence and arousal")])
  }

  // MARK: - What is asked for

  private func refuseImpossible() throws {
    if let plot, PictureFormat(fileName: plot) == nil {
      throw PredictionError.usage("--plot \(plot): let its name end in .png or .svg")
    }
    if let overlay, !overlay.lowercased().hasSuffix(".mp4") {
      throw PredictionError.usage("--overlay \(overlay): let its name end in .mp4")
    }
    try refuseLoss(reading: input == "-" ? [] : [input])
    for file in files where DurableFiles.exists(file) && !force {
      throw PredictionError.usage("\(file): is there already; --force replaces it")
    }
    // Before minutes are spent on what could not be written.
    for file in files { try DurableFiles.requireWritable(DurableFiles.parent(of: file)) }
  }

  private var files: [String] { [output, plot, overlay].compactMap { $0 } }

  private func refuseLoss(reading: [String]) throws {
    if let conflict = FileIdentity.conflict(writing: files, reading: reading) {
      throw PredictionError.usage(conflict)
    }
  }

  private func refuseImpossible(for kind: MediaKind) throws {
    if overlay != nil, kind != .film {
      throw PredictionError.usage(
        "--overlay draws on a film, and the input is a \(kind == .image ? "picture" : "sound"); use --plot"
      )
    }
    if faces == .whole, kind != .image {
      throw PredictionError.usage(
        "--faces whole is about pictures; the face of a film is looked for in any case")
    }
  }

  // MARK: - Results

  private func stillResults(
    of input: PredictionInput, by model: TrainedModel
  ) throws -> PredictionResults {
    guard case .face(let model) = model else {
      throw PredictionError.usage(
        "\(input.name): is a picture, and \(run) is no run of teacher or distill, which alone see single "
          + "pictures")
    }
    let picture = try Picture(contentsOf: input.path)
    let faces =
      self.faces == .whole
      ? try model.predict(faces: [picture]) : try model.predict(picture)
    let remarks =
      faces.isEmpty
      ? [
        "\(input.name): no face was found; --minimum-face finds smaller ones, --faces whole takes the "
          + "picture for one"
      ] : faces.count > 1 ? ["\(input.name): has \(faces.count) faces, the surest first"] : []
    return PredictionResults(
      content: .still(faces, try faces.map { try picture.drawn(around: $0.region) }),
      classes: model.classes, hasRegions: true, remarks: remarks)
  }

  private func recordingResults(
    of input: PredictionInput, by model: TrainedModel, _ progress: (Double) -> Void
  ) throws -> PredictionResults {
    let thumbnails = Thumbnails(isWanted: plot != nil)
    let prediction: RecordingPrediction
    switch (model, input.kind) {
    case (.face(let model), .film):
      prediction = try model.predict(
        film: input.path, progress: progress, observe: thumbnails.observer)
    case (.affect(let model), .film):
      prediction = try model.predict(
        film: input.path, progress: progress, observe: thumbnails.observer)
    case (.affect(let model), _):
      prediction = try model.predict(sound: input.path, progress: progress)
    case (.voice(let model), _):
      prediction = try model.predict(sound: input.path, progress: progress)
    case (.face, _):
      throw PredictionError.usage(
        "\(input.name): is sound alone, and \(run) is a run that sees; name one of audio or fusion")
    }
    return PredictionResults(
      content: .recording(prediction, try thumbnails.drawn(of: prediction)),
      classes: model.classes, hasRegions: model.sees,
      remarks: prediction.remarks.map { "\(input.name): \($0)" })
  }

  // MARK: - Text

  private func writeTable(_ results: PredictionResults, _ write: (String) throws -> Void) throws {
    let format = format ?? output.flatMap(PredictionFormat.init(file:)) ?? .csv
    guard let output else { return try results.forEachLine(format, write) }
    let file = try GrowingFile(output)
    try results.forEachLine(format) { try file.append($0.utf8) }
    try file.finish()
  }
}

extension TrainedModel {
  /// Whether it sees faces.
  fileprivate var sees: Bool {
    switch self {
    case .face: true
    case .voice: false
    case .affect(let model): model.sees
    }
  }
}
