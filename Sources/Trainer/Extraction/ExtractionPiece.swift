import Datasets
import Media

/// A part of an extraction in work.
protocol ExtractionPiece: AnyObject {
  /// How much is done, 0 to 1.
  var progress: Double { get }
  /// Does a little more; false when all is done.
  func advance() throws -> Bool
  /// What came of it.
  func rows() -> ExtractedRows
}

/// Films and sounds: a row for each frame that has one.
final class RecordingPiece: ExtractionPiece {
  private let work: any FeatureWork
  private let file: String
  private let regions: () -> [FaceRegion?]

  /// The face of a film.
  init(film work: FilmWork, file: String) {
    self.work = work
    self.file = file
    regions = { work.regions }
  }

  /// A sound.
  init(sound work: SoundWork, file: String) {
    self.work = work
    self.file = file
    regions = { [] }
  }

  var progress: Double { work.progress }

  func advance() throws -> Bool { try work.advance() }

  func rows() -> ExtractedRows {
    let regions = regions()
    var rows = ExtractedRows(width: work.table.width)
    for frame in 0..<work.table.frameCount {
      guard let row = work.table.row(frame) else { continue }
      let region = regions.indices.contains(frame) ? regions[frame] : nil
      rows.append(row, of: RowOrigin(frame: frame, face: region.map { _ in 0 }, region: region))
    }
    if rows.origins.isEmpty {
      rows.faceless.append("\(file): no face was found in any of \(work.table.frameCount) frames")
    }
    return rows
  }
}

/// Images that show a face each and nothing else, or whose list says where it is: a row each.
final class ImagePiece: ExtractionPiece {
  private let inference: FaceInference
  private let loader: BatchLoader
  private let images: Range<Int>
  private var result: ExtractedRows
  private var done = 0

  /// - Parameter loader: gives the images' micro-batches next.
  init(_ images: Range<Int>, inference: FaceInference, width: Int, loader: BatchLoader) {
    self.images = images
    self.inference = inference
    self.loader = loader
    result = ExtractedRows(width: width)
  }

  /// The micro-batches of some images; the last is filled up.
  static func requests(_ images: Range<Int>, microBatch: Int) -> [MicroBatchRequest] {
    stride(from: images.lowerBound, to: images.upperBound, by: microBatch).map { start in
      MicroBatchRequest(
        epoch: 0,
        sampleIndices: (start..<start + microBatch).map {
          $0 < images.upperBound ? Int32($0) : MicroBatchRequest.padding
        })
    }
  }

  var progress: Double { Double(done) / Double(max(1, images.count)) }

  func advance() throws -> Bool {
    guard done < images.count, let batch = try inference.runNext(of: loader),
      let features = inference.features
    else { return false }
    for (place, image) in batch.sampleIndices.enumerated() where batch.weights[place] > 0 {
      result.append(
        features[(place * result.width)..<((place + 1) * result.width)],
        of: RowOrigin(image: Int(image)))
    }
    for problem in loader.takeProblems() { result.problems.append(problem.description) }
    done += inference.microBatch
    return done < images.count
  }

  func rows() -> ExtractedRows { result }
}

/// Photographs, in which faces are looked for: a row for each face.
final class PhotoPiece: ExtractionPiece {
  private let images: Range<Int>
  private let photos: PhotoReader
  private let extractor: FilmExtractor
  private let isLenient: Bool
  private var result: ExtractedRows
  private var done = 0

  init(_ images: Range<Int>, photos: PhotoReader, extractor: FilmExtractor, isLenient: Bool) {
    self.images = images
    self.photos = photos
    self.extractor = extractor
    self.isLenient = isLenient
    result = ExtractedRows(width: extractor.width)
  }

  var progress: Double { Double(done) / Double(max(1, images.count)) }

  func advance() throws -> Bool {
    let image = images.lowerBound + done
    done += 1
    do {
      try extract(image)
    } catch let error where isLenient && (error is MediaError || error is DatasetError) {
      result.problems.append("\(error)")
    }
    return done < images.count
  }

  private func extract(_ image: Int) throws {
    let faces = try photos.faces(ofImage: image)
    if faces.isEmpty { result.faceless.append("\(photos.name(of: image)): no face was found") }
    for start in stride(from: 0, to: faces.count, by: extractor.batch) {
      let some = start..<min(start + extractor.batch, faces.count)
      for face in some { extractor.set(faces[face], in: photos.pixels, place: face - start) }
      try extractor.run()
      for face in some {
        result.append(
          extractor.row(of: face - start),
          of: RowOrigin(image: image, face: face, region: faces[face].region))
      }
    }
  }

  func rows() -> ExtractedRows { result }
}
