/// The folder of one split of AffectNet's later release.
struct AffectNetFolder {
  /// An image and the annotations that are there for it.
  struct Image {
    var file: String
    var identifier: Substring
    fileprivate var number: Int
    fileprivate var annotations: Annotations
  }

  fileprivate struct Annotations: OptionSet {
    let rawValue: UInt8

    static let expression = Annotations(rawValue: 1)
    static let valence = Annotations(rawValue: 2)
    static let arousal = Annotations(rawValue: 4)
    static let landmarks = Annotations(rawValue: 8)

    /// How file names end.
    static let byEnding: [Substring: Annotations] = [
      "exp": expression, "val": valence, "aro": arousal, "lnd": landmarks,
    ]
  }

  /// No header and 136 numbers of any type have more bytes.
  private static let largestFile = 1 << 16

  let path: String
  /// The images, in the order of their numbers.
  private(set) var images: [Image] = []
  /// What the two listings show: images of one number, annotations without an image.
  private(set) var problems: [RowProblem] = []

  /// Lists both folders.
  init(_ path: String) throws {
    self.path = path
    var annotations = try listAnnotations()
    for file in try FolderListing.names(in: "\(path)/images") {
      let identifier = FolderListing.stem(file[...])
      guard FaceManifest.imageExtensions.contains(FolderListing.fileExtension(file)),
        let number = Self.number(identifier)
      else { continue }
      images.append(
        Image(
          file: file, identifier: identifier, number: number,
          annotations: annotations[number] ?? []))
    }
    images.sort { ($0.number, $0.file) < ($1.number, $1.file) }
    for (first, second) in zip(images, images.dropFirst()) where first.number == second.number {
      problems.append(problem("images/\(second.file)", "has the number of \(first.file)"))
    }
    let repeated = Set(problems.map(\.file))
    images.removeAll { repeated.contains("\(path)/images/\($0.file)") }
    for image in images { annotations[image.number] = nil }
    for number in annotations.keys.sorted() {
      problems.append(problem("annotations/\(number)_*.npy", "belongs to no image of that number"))
    }
  }

  private mutating func listAnnotations() throws -> [Int: Annotations] {
    var annotations: [Int: Annotations] = [:]
    for file in try FolderListing.names(in: "\(path)/annotations") {
      let parts = FolderListing.stem(file[...]).split(
        separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
      guard file.hasSuffix(".npy"), parts.count == 2, let number = Self.number(parts[0]),
        let kind = Annotations.byEnding[parts[1]]
      else { continue }
      annotations[number, default: []].insert(kind)
    }
    return annotations
  }

  private static func number(_ identifier: Substring) -> Int? {
    // Without leading zeros, so that no two names are one number.
    guard let number = Int(identifier), number >= 0, String(number) == identifier else {
      return nil
    }
    return number
  }

  private func problem(_ file: String, _ reason: String) -> RowProblem {
    RowProblem(file: "\(path)/\(file)", line: 0, column: nil, reason: reason)
  }
}

extension AffectNetFolder {
  /// The labels of an image; no expression where it is none, uncertain or no face.
  func labels(
    of image: Image
  ) throws(RowProblem) -> (
    expression: Expression?, valence: Float?, arousal: Float?, eyes: EyeCenters?
  ) {
    let expression = try scalar(image, .expression, "exp")
    guard let code = Int(exactly: expression),
      Expression(rawValue: code) != nil || AffectNetColumns.excludedExpressions.contains(code)
    else { throw problem(image, "exp", "\(expression) is not an expression (0 to 10)") }
    return (
      Expression(rawValue: code), try affect(image, .valence, "val"),
      try affect(image, .arousal, "aro"), try eyes(image)
    )
  }

  private func affect(
    _ image: Image, _ kind: Annotations, _ ending: String
  ) throws(RowProblem) -> Float? {
    let value = try scalar(image, kind, ending)
    guard (-1...1).contains(value) || value == -2 else {
      throw problem(image, ending, "\(value) is outside -1 to 1 (and not -2 for unknown)")
    }
    return value == -2 ? nil : Float(value)
  }

  private func scalar(
    _ image: Image, _ kind: Annotations, _ ending: String
  ) throws(RowProblem) -> Double {
    guard image.annotations.contains(kind) else {
      throw problem(image, ending, "is missing; \(image.file) needs it")
    }
    do throws(NumPyArray.Problem) {
      return try array(image, ending, most: 1).scalar()
    } catch {
      throw problem(image, ending, error.reason)
    }
  }

  private func eyes(_ image: Image) throws(RowProblem) -> EyeCenters? {
    guard image.annotations.contains(.landmarks) else { return nil }
    do {
      let values = try array(image, "lnd", most: 2 * Landmarks.count).values
      // In the digits that a list of the first release has, so that both give the same samples.
      return try EyeCenters(landmarks: values.map { Double("\(Float($0))") ?? $0 })
    } catch let error as NumPyArray.Problem {
      throw problem(image, "lnd", error.reason)
    } catch let error as Landmarks.Problem {
      throw problem(image, "lnd", error.reason)
    } catch {
      throw problem(image, "lnd", "\(error)")
    }
  }

  private func array(
    _ image: Image, _ ending: String, most: Int
  ) throws(NumPyArray.Problem) -> NumPyArray {
    let bytes: [UInt8]
    do {
      bytes = try InputFile.bytes(of: file(image, ending), limit: Self.largestFile)
    } catch DatasetError.unreadable(_, let reason) {
      throw .init(reason: "cannot be read: \(reason)")
    } catch {
      throw .init(reason: "\(error)")
    }
    return try NumPyArray(bytes, most: most)
  }

  private func file(_ image: Image, _ ending: String) -> String {
    "\(path)/annotations/\(image.identifier)_\(ending).npy"
  }

  private func problem(_ image: Image, _ ending: String, _ reason: String) -> RowProblem {
    RowProblem(file: file(image, ending), line: 0, column: nil, reason: reason)
  }
}
