import CVectorKernels
import Nets

/// What TensorBoard is told of a model beside its metrics.
enum ModelSummaries {
  /// Histograms of the weights, and norms of the last step's gradient.
  ///
  /// - Parameter hasGradient: whether this process has made a step.
  /// - Throws: `NetsError` where a layout cannot be converted.
  static func model(of step: TrainingStep, hasGradient: Bool) throws -> [SummaryValue] {
    let parameters = step.plan.parameters
    let norms =
      hasGradient
      ? gradientNorms(in: step.plan.slot(0), of: parameters, microBatches: step.microBatches) : []
    return try weights(of: parameters) + norms
  }

  /// Samples of training side by side.
  static func images(_ sheet: JPEGPicture?) -> [SummaryValue] {
    sheet.map { [SummaryValue("training/images", .image($0))] } ?? []
  }

  /// A histogram of each weight array; norms and biases, which are many and small, have none.
  ///
  /// - Throws: `NetsError` where a layout cannot be converted.
  private static func weights(of parameters: ParameterStore) throws -> [SummaryValue] {
    var values: [SummaryValue] = []
    try parameters.forEachParameter(of: UnsafeBufferPointer(parameters.values)) {
      parameter, floats in
      guard parameter.decays, let histogram = ValueHistogram(of: floats) else { return }
      values.append(SummaryValue("weights/\(parameter.name)", .histogram(histogram)))
    }
    return values
  }

  /// The norm of each weight array's gradient in the last step; frozen ones have none.
  ///
  /// - Parameters:
  ///   - slot: the sums over the step's micro-batches.
  ///   - microBatches: how many there were.
  static func gradientNorms(
    in slot: UnsafeMutableBufferPointer<Float>, of parameters: ParameterStore, microBatches: Int
  ) -> [SummaryValue] {
    parameters.parameters.filter { $0.decays && !$0.isFrozen }.map { parameter in
      let gradient = UnsafeMutableBufferPointer(rebasing: slot[parameter.range])
      let squares = gradient.baseAddress.map { aver_square_sum_f32($0, gradient.count) } ?? 0
      return SummaryValue(
        "gradient_norms/\(parameter.name)",
        .scalar(Float(squares.squareRoot() / Double(microBatches))))
    }
  }

  /// The figures of an evaluation that TensorBoard can show: confusion matrices, as a picture and as a
  /// table, and the traces of the first recordings.
  ///
  /// - Throws: `MediaError.codec`.
  static func figures(of sections: [ReportSection]) throws -> [SummaryValue] {
    var traces: [AffectTraces] = []
    var values: [SummaryValue] = []
    for figure in sections.flatMap(\.figures) {
      switch figure {
      case .confusion(let confusion):
        // One name can have only one kind of content.
        values.append(SummaryValue("validation/confusion", .text(confusion.markdown)))
        values.append(
          SummaryValue("validation/confusion_matrix", .image(try confusion.picture())))
      case .traces(let recording): traces.append(recording)
      case .lines, .plane, .reliability, .table, .facts, .gallery, .verbatim, .history, .parallel,
        .shares:
        break
      }
    }
    return values
      + (try AffectTraces.picture(of: traces).map {
        [SummaryValue("validation/traces", .image($0))]
      } ?? [])
  }
}

extension ConfusionFigure {
  /// The matrix as a table of Markdown.
  var markdown: String {
    func row(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }
    // A name must not end a cell.
    let names = names.map { $0.replacingOccurrences(of: "|", with: "\\|") }
    let head = [row(["true class"] + names), row(["---"] + names.map { _ in "---:" })]
    let rows = names.indices.map { label in
      row(["**\(names[label])**"] + names.indices.map { "\(matrix[label, $0])" })
    }
    return (head + rows).joined(separator: "\n")
  }
}
