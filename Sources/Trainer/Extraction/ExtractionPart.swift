import Datasets
import Foundation

/// A part of an extraction, which one rank does and keeps: some images, a film or a sound.
struct ExtractionPart: Codable, Equatable, Sendable {
  /// What features are made of.
  enum Content: Codable, Equatable, Sendable {
    /// Rows of one of the lists of images.
    case images(list: Int, rows: Range<Int>)
    /// The face of a film.
    case film(String)
    /// A sound, or that of a film.
    case sound(String)
  }

  /// What it is of.
  var content: Content
  /// Images, or roughly how many frames.
  var units = 0
  /// Changes when the files do, or what is made of them.
  var digest = ""

  /// Images of a part: what an interruption costs a rank at most.
  static let images = 512

  /// The parts of a list of images.
  static func parts(ofList list: Int, rows: Int) -> [ExtractionPart] {
    stride(from: 0, to: rows, by: images).map { start in
      let rows = start..<min(start + images, rows)
      return ExtractionPart(content: .images(list: list, rows: rows), units: rows.count)
    }
  }

  /// The file that one of its rows is of.
  func source(of origin: RowOrigin, in lists: [ImageSources]) -> String {
    switch content {
    case .images(let list, let rows): lists[list][origin.image ?? rows.lowerBound]
    case .film(let path), .sound(let path): path
    }
  }

  /// What lists say of its images: where faces and eyes are.
  func places(in lists: [FaceManifest]) -> String {
    guard case .images(let list, let rows) = content else { return "" }
    return rows.map { row in
      let record = lists[list].records[row]
      return "\(record.imagePath) \(String(describing: record.faceBox)) "
        + "\(String(describing: record.fractionalBox)) \(String(describing: record.eyes))\n"
    }.joined()
  }

  /// The files that it is made of, in order.
  func files(in lists: [ImageSources]) -> [String] {
    switch content {
    case .images(let list, let rows):
      rows.reduce(into: []) { files, row in
        let file = lists[list].file(of: row)
        if files.last != file { files.append(file) }
      }
    case .film(let path), .sound(let path): [path]
    }
  }
}

/// What a file was when it was looked at: another size or time is another content.
struct FileState: CustomStringConvertible {
  let description: String

  init(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      // Whoever opens it says why.
      description = "\(path): not there"
      return
    }
    description =
      "\(path): \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
  }
}
