import Foundation

@testable import Datasets
@testable import Media
@testable import Nets
@testable import Trainer

// What extract and predict read besides lists.
extension FuzzTarget {
  /// A film gone through twice, for its face, and once for its sound.
  static var film: FuzzTarget {
    let file = ScratchFile("film")
    let list = ScratchFile("faces.csv")
    // Also beyond the edges, whatever the picture's size.
    let rows = (0..<40).map { "\(Double($0) / 20),\($0 - 5),\(2 * $0 - 30),\($0 + 1),\(50 - $0)\n" }
    list.write(("time,x,y,width,height\n" + rows.joined()).bytes)
    let cutting = FaceCutting(size: 32, alignment: nil, boxMargin: 1.3)
    func finish(_ work: some FeatureWork, within frames: Int) throws {
      while try work.advance() {
        require((0...1).contains(work.progress), "\(work.progress) of the work is done")
      }
      require(work.table.frameCount <= frames, "\(work.table.frameCount) frames")
      require(work.table.presentCount <= work.table.frameCount, "more rows than frames")
    }
    return FuzzTarget(
      "film", seeds: fixtures(["mp4", "avi", "mkv", "h264", "ts"]),
      declares: { $0 is MediaError || $0 is DatasetError || $0 is FeatureProblem }
    ) { bytes in
      file.write(bytes)
      let sources: [(FaceSource, FilmExtent, Int)] = [
        (.detector(.ofFilms, landmarks: nil), .whole(), 25 * 86_400 + 1),
        (.list(list.path), .annotated(0..<2), 2),
      ]
      for (faces, extent, frames) in sources {
        let work = try FilmWork(
          film: file.path, faces: faces, extent: extent,
          extractors: [try FaceCrops(cutting, batch: 4)])
        try finish(work, within: frames)
        require(extent.isWhole == !work.regions.isEmpty, "\(work.regions.count) places of faces")
      }
      let sound = Result {
        try SoundWork(whole: file.path, extractor: LogMelRows(PatchPlace(frames: 96), batch: 8))
      }
      if let sound = try? sound.get() { try finish(sound, within: 25 * 4 * 3600 + 25) }
    }
  }

  /// A part of an extraction: as it is, and with the digest of what can be read.
  static var part: FuzzTarget {
    let width = 3
    let file = ScratchFile("a.safetensors")
    let folder = SharedFolder(path: file.folder)
    let parts = [ExtractionPart.Content.images(list: 0, rows: 4..<8), .film("a.mp4")].map {
      PartFile(folder: folder, part: ExtractionPart(content: $0, digest: "a"), width: width)
    }
    func seed(_ part: PartFile, _ origin: (Int) -> RowOrigin) -> [UInt8] {
      var rows = ExtractedRows(width: width)
      for row in 4..<7 { rows.append([0.5, 1, Float(row)], of: origin(row)) }
      try? part.finish(rows, PartSummary(rows: 3, problems: ["one"], faceless: ["two"]))
      return FileManager.default.contents(atPath: part.path).map { Array($0) } ?? []
    }
    let region = FaceRegion(x: 1, y: 2, width: 3, height: 4)
    return FuzzTarget(
      "part",
      seeds: [
        seed(parts[0]) { RowOrigin(image: $0, frame: nil, face: 0, region: region) },
        seed(parts[1]) { RowOrigin(image: nil, frame: $0, face: nil, region: nil) },
      ], declares: { $0 is WeightsError || $0 is TrainerError }
    ) { bytes in
      func read() throws {
        for part in parts {
          let summary = try part.forEachSlice { rows in
            require(rows.features.count == width * rows.origins.count, "features and rows")
            require(rows.origins.allSatisfy { $0.frame ?? 0 >= 0 }, "a frame before the first")
          }
          require(summary.rows >= 0 && summary.slices >= 0, "\(summary)")
        }
      }
      // By name, because the file is replaced below.
      FileManager.default.createFile(atPath: file.path, contents: Data(bytes))
      let found = Result { try read() }
      if let reader = try? SafetensorsReader(path: file.path), let tensors = try? reader.tensors() {
        try folder.write(tensors, metadata: reader.metadata, to: file.path)
        try? read()
      }
      try found.get()
    }
  }

  /// A run folder whose weights say of themselves what the input says.
  static var run: FuzzTarget {
    let weights = ScratchFile("final/model.safetensors")
    FileManager.default.createFile(
      atPath: "\(weights.folder)/config.yaml",
      contents: Data(
        ("stage: teacher\nmodel: {name: resnet10_x0_25, image_size: 32}\ndata: {root: /faces}\n"
          + "batch: {global: 8, micro: 8}\n").utf8))
    let (header, data) = (try? parts(ofRun: weights)) ?? ([], 0)
    return FuzzTarget(
      "run", seeds: [header],
      declares: { $0 is WeightsError || $0 is TrainerError || $0 is NetsError }
    ) { bytes in
      let length = (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) }
      weights.write(length + bytes + [UInt8](repeating: 0, count: data))
      let run = try TrainedRun(weights.folder)
      require(run.files.contains(weights.path), "the weights are not among \(run.files)")
      guard case .faces(let settings) = run.content else {
        return require(false, "a teacher that is none")
      }
      let parameters = try ModelSnapshot.parameters(
        settings.weights, of: settings.network.graph(hasFeatures: true))
      require(
        try parameters.modelTensors().allSatisfy { $0.floats().allSatisfy { $0 == 0 } },
        "numbers that the file does not have")
    }
  }

  /// The header of a run's weights, and the bytes behind it.
  private static func parts(ofRun weights: ScratchFile) throws -> ([UInt8], data: Int) {
    let file = "\(weights.folder)/config.yaml"
    let network = try TeacherConfiguration.load(file: file).values.network
    let store = try ParameterStore(inferenceFor: network.graph())
    try store.initialize(seed: 3)
    let whole = "\(weights.folder)/whole.safetensors"
    try Safetensors.write(
      try store.modelTensors(), metadata: ["step": "7", "untaught": "affect"], to: whole)
    let bytes = Array(FileManager.default.contents(atPath: whole) ?? Data())
    let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    return (Array(bytes[8..<(8 + length)]), bytes.count - 8 - length)
  }
}
