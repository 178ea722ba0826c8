import Datasets
import Media
import Nets

/// Several extractors of one network, each of which takes some places of a pass: they run side by side.
///
/// What comes of a face is the same in any place.
package final class ParallelExtractors: FaceRows {
  package var width: Int { extractors[0].width }
  package var type: TensorType { extractors[0].type }
  package var batch: Int { extractors.count * extractors[0].batch }
  private let extractors: [FilmExtractor]
  private let threads: Int
  /// Places of the next pass that are set, from the first.
  private var filled = 0

  /// - Parameters:
  ///   - extractors: at least one, of the same settings.
  ///   - threads: of a kernel.
  package init(_ extractors: [FilmExtractor], threads: Int) {
    self.extractors = extractors
    self.threads = threads
  }

  package func set(_ face: TrackedFace, in pixels: PixelBuffer, place: Int) {
    let (extractor, own) = place.quotientAndRemainder(dividingBy: extractors[0].batch)
    extractors[extractor].set(face, in: pixels, place: own)
    filled = max(filled, place + 1)
  }

  package func run() throws {
    // Places that were set for a pass that failed are not those of the next.
    defer { filled = 0 }
    let each = extractors[0].batch
    try sideBySide((filled + each - 1) / each) { [threads] extractor in
      // Kernels remember the number for each thread.
      try Engine.configure(threads: threads)
      try extractors[extractor].run()
    }
  }

  package func copyRow(of place: Int, to table: inout FeatureTable, frame: Int) {
    let (extractor, own) = place.quotientAndRemainder(dividingBy: extractors[0].batch)
    extractors[extractor].copyRow(of: own, to: &table, frame: frame)
  }
}
