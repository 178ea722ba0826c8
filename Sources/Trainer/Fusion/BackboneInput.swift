import CVectorKernels
import Nets

/// A modality whose backbone is in the network: what the backbone reads of each frame, and whether there
/// is anything to see or hear.
final class BackboneInput: ModalityInput {
  private let modality: Modality
  private let kept: any KeptInput
  /// Frames of the longest window.
  private let frames: Int
  /// `[windows, T]`
  private let presence: UnsafeMutableBufferPointer<Float>

  /// - Parameters:
  ///   - kept: reads what is kept into the plan.
  ///   - scale: what the backbone's features are standardised by.
  ///   - frames: of the longest window.
  /// - Throws: `NetsError.unknownArray`.
  init(
    _ modality: Modality, kept: any KeptInput, scale: FeatureScale, frames: Int,
    plan: some InputArrays
  ) throws {
    self.modality = modality
    self.kept = kept
    self.frames = frames
    presence = try plan.floats(input: "\(modality.rawValue).presence")
    _ = try plan.floats(input: "\(modality.rawValue).mean").update(fromContentsOf: scale.mean)
    _ = try plan.floats(input: "\(modality.rawValue).factor").update(fromContentsOf: scale.factor)
  }

  func fill(row: Int, frames: Range<Int>, of recording: FusionRecording) throws {
    guard let file = recording.inputs[modality] else { return clear(row: row) }
    let first = row * self.frames
    try kept.read(frames, of: file, to: first)
    for (offset, frame) in frames.enumerated() {
      presence[first + offset] = file.presence[frame] ? 1 : 0
    }
    empty(first + frames.count..<first + self.frames)
  }

  func clear(row: Int) { empty(row * frames..<(row + 1) * frames) }

  /// Zeros, which nobody looks at, give the same gradients, also of their sign, as any other zeros.
  private func empty(_ places: Range<Int>) {
    presence[places].update(repeating: 0)
    kept.clear(places)
  }
}

/// Writes what is kept of frames as a backbone reads it.
protocol KeptInput {
  /// Reads consecutive frames into consecutive rows of the plan's input.
  ///
  /// - Throws: `WeightsError`.
  func read(_ frames: Range<Int>, of file: any FrameSource, to row: Int) throws
  /// Zeros in some rows.
  func clear(_ rows: Range<Int>)
}

extension TunedExtractors {
  /// Where and how a plan reads what is kept of a modality.
  ///
  /// - Throws: `NetsError.unknownArray`.
  func input(of modality: Modality, plan: some InputArrays) throws -> any KeptInput {
    if modality == .visual, let visual {
      return KeptFaces(visual, array: try plan.pixels(input: "visual.images"))
    }
    guard let audio else { preconditionFailure("only backbones in the network are asked for") }
    return KeptEnergies(audio, array: try plan.pixels(input: "audio.patches"))
  }
}

/// Images of a plan, of which each is written from float32.
private struct PlanRows {
  let array: PixelArray
  /// Elements of a row.
  let count: Int
  private var rowBytes: Int { count * (array.format.isBFloat16 ? 2 : 4) }

  func clear(_ rows: Range<Int>) {
    UnsafeMutableRawBufferPointer(
      rebasing: array.bytes[(rows.lowerBound * rowBytes)..<(rows.upperBound * rowBytes)]
    ).initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// - Shapes: `values` is `[count]`, in the order of the plan.
  func write(_ values: UnsafeBufferPointer<Float>, to row: Int) {
    let target = UnsafeMutableRawBufferPointer(
      rebasing: array.bytes[(row * rowBytes)..<((row + 1) * rowBytes)])
    guard array.format.isBFloat16 else {
      target.copyMemory(from: UnsafeRawBufferPointer(values))
      return
    }
    aver_round_bf16(
      target.baseAddress?.assumingMemoryBound(to: UInt16.self), values.baseAddress, count)
  }
}

/// Faces that are kept in bytes, normalised as the network has learned to see them.
private final class KeptFaces: KeptInput {
  private let rows: PlanRows
  /// What a byte of each colour becomes, `[3, 256]`.
  private let colours: [Float]
  private let pixels: Int
  private var bytes: [UInt8] = []
  private var image: [Float]

  init(_ settings: FilmExtractor.Settings, array: PixelArray) {
    let size = settings.augmentation.imageSize
    let factor = 1 / settings.augmentation.standardDeviation
    let added = -settings.augmentation.mean * factor
    pixels = size * size
    rows = PlanRows(array: array, count: 3 * pixels)
    image = Array(repeating: 0, count: 3 * pixels)
    colours = (0..<3).flatMap { colour in
      (0..<256).map { Float($0) / 255 * factor[colour] + added[colour] }
    }
  }

  func read(_ frames: Range<Int>, of file: any FrameSource, to row: Int) throws {
    bytes = Array(repeating: 0, count: frames.count * file.width)
    try bytes.withUnsafeMutableBytes { try file.read(frames, into: $0) }
    for frame in 0..<frames.count {
      normalise(bytes[(frame * file.width)..<((frame + 1) * file.width)])
      image.withUnsafeBufferPointer { rows.write($0, to: row + frame) }
    }
  }

  func clear(_ places: Range<Int>) { rows.clear(places) }

  /// - Shapes: `face` is `[size, size, 3]`.
  private func normalise(_ face: ArraySlice<UInt8>) {
    let (pixel, colour) = rows.array.format.isChannelsLast ? (3, 1) : (1, pixels)
    face.withUnsafeBufferPointer { face in
      for index in 0..<pixels {
        for channel in 0..<3 {
          image[index * pixel + channel * colour] =
            colours[
              channel * 256 + Int(face[3 * index + channel])]
        }
      }
    }
  }
}

/// Log-mel energies that are kept row by row, of which patches overlap.
private final class KeptEnergies: KeptInput {
  private let rows: PlanRows
  private let place: PatchPlace
  private var energies: [Float] = []

  init(_ settings: SoundExtractor.Settings, array: PixelArray) {
    place = settings.place
    rows = PlanRows(array: array, count: settings.network.frames * settings.network.bands)
  }

  func read(_ frames: Range<Int>, of file: any FrameSource, to row: Int) throws {
    let wanted = frames.lowerBound..<frames.upperBound + place.framesBehind
    energies = Array(repeating: 0, count: wanted.count * file.width)
    try energies.withUnsafeMutableBytes { try file.read(wanted, into: $0) }
    for frame in 0..<frames.count {
      energies[(frame * file.width)..<(frame * file.width + rows.count)].withUnsafeBufferPointer {
        rows.write($0, to: row + frame)
      }
    }
  }

  func clear(_ places: Range<Int>) { rows.clear(places) }
}
