import Datasets
import Media

/// A part of an extraction in work.
protocol ExtractionPiece: AnyObject {
  /// How much is done, 0 to 1.
  var progress: Double { get }
  /// Images that could not be used so far, and why.
  var problems: [String] { get }
  /// Where no face was found, once all is done.
  var faceless: [String] { get }
  /// Does a little more; false when all is done.
  func advance() throws -> Bool
  /// What came of it since the last call.
  func takeRows() -> ExtractedRows
}

/// Films and sounds: a row for each frame that has one.
final class RecordingPiece: ExtractionPiece {
  private let work: any FeatureWork
  private let file: String
  private let regions: () -> [FaceRegion?]
  /// The next frame whose row has not been taken.
  private var next = 0
  private var rowCount = 0

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

  var problems: [String] { [] }

  var faceless: [String] {
    rowCount > 0
      ? [] : ["\(file): no face was found in any of \(work.table.frameCount) frames"]
  }

  func takeRows() -> ExtractedRows {
    let regions = regions()
    var rows = ExtractedRows(width: work.table.width)
    for frame in next..<work.framesWithRows {
      guard let row = work.table.row(frame) else { continue }
      let region = regions.indices.contains(frame) ? regions[frame] : nil
      rows.append(row, of: RowOrigin(frame: frame, face: region.map { _ in 0 }, region: region))
    }
    next = work.framesWithRows
    work.forget(before: next)
    rowCount += rows.origins.count
    return rows
  }
}

/// Images that show a face each and nothing else, or whose list says where it is: a row each.
final class ImagePiece: ExtractionPiece {
  private let inference: FaceInference
  private let loader: BatchLoader
  private let images: Range<Int>
  private let width: Int
  private var rows: ExtractedRows
  private(set) var problems: [String] = []
  private var done = 0

  /// - Parameter loader: gives the images' micro-batches next.
  init(_ images: Range<Int>, inference: FaceInference, width: Int, loader: BatchLoader) {
    self.images = images
    self.inference = inference
    self.loader = loader
    self.width = width
    rows = ExtractedRows(width: width)
  }

  var faceless: [String] { [] }

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
      rows.append(
        features[(place * width)..<((place + 1) * width)], of: RowOrigin(image: Int(image)))
    }
    for problem in loader.takeProblems() { problems.append(problem.description) }
    done += inference.microBatch
    return done < images.count
  }

  func takeRows() -> ExtractedRows { rows.takeAll() }
}

/// Photographs, in which faces are looked for: a row for each face.
final class PhotoPiece: ExtractionPiece {
  private let images: Range<Int>
  private let photos: PhotoReader
  private let extractor: FilmExtractor
  private let isLenient: Bool
  private var rows: ExtractedRows
  private(set) var problems: [String] = []
  private(set) var faceless: [String] = []
  private var done = 0

  init(_ images: Range<Int>, photos: PhotoReader, extractor: FilmExtractor, isLenient: Bool) {
    self.images = images
    self.photos = photos
    self.extractor = extractor
    self.isLenient = isLenient
    rows = ExtractedRows(width: extractor.width)
  }

  var progress: Double { Double(done) / Double(max(1, images.count)) }

  func advance() throws -> Bool {
    let image = images.lowerBound + done
    done += 1
    do {
      try extract(image)
    } catch let error where isLenient && (error is MediaError || error is DatasetError) {
      problems.append("\(error)")
    }
    return done < images.count
  }

  private func extract(_ image: Int) throws {
    let faces = try photos.faces(ofImage: image)
    if faces.isEmpty { faceless.append("\(photos.name(of: image)): no face was found") }
    for start in stride(from: 0, to: faces.count, by: extractor.batch) {
      let some = start..<min(start + extractor.batch, faces.count)
      for face in some { extractor.set(faces[face], in: photos.pixels, place: face - start) }
      try extractor.run()
      for face in some {
        rows.append(
          extractor.row(of: face - start),
          of: RowOrigin(image: image, face: face, region: faces[face].region))
      }
    }
  }

  func takeRows() -> ExtractedRows { rows.takeAll() }
}
