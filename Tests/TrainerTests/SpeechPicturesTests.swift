import Foundation
import Media
import TestSupport
import Testing

@testable import Datasets
@testable import Trainer

@Suite("Pictures of utterances, confusion and recordings")
struct SpeechPicturesTests {
  private let folder: TemporaryFolder
  private let manifest: SpeechManifest
  private let cut: SpeechPatches
  private let patches: [SpeechPatch]

  /// Twenty tones of half a second, some longer; the name of one is hostile, one is no sound.
  init() throws {
    folder = try TemporaryFolder()
    cut = try SpeechPatches(frames: 40)
    var records: [SpeechRecord] = []
    for index in 0..<20 {
      let name = index == 3 ? "<script>.wav" : "\(index).wav"
      let samples = (0..<(8_000 + 1_600 * (index % 3))).map {
        sin(Float($0 * (index + 2)) / 20) / 2
      }
      let writer = try WAVWriter("\(folder.path)/\(name)", rate: 16_000)
      try writer.write(samples)
      try writer.close()
      records.append(
        SpeechRecord(
          audioPath: name, emotion: VocalEmotion(rawValue: index % 8), valence: 0.5, arousal: -0.5,
          speaker: "a", line: index + 2))
    }
    _ = try folder.write("no sound", to: "19.wav")
    manifest = SpeechManifest(path: "list.csv", root: folder.path, records: records)
    let cut = cut
    patches = records.indices.flatMap { index in
      cut.starts(samples: 8_000 + 1_600 * (index % 3)).map {
        SpeechPatch(utterance: Int32(index), start: Int32($0))
      }
    }
  }

  /// All are taken for neutral, the later the more confidently.
  private func means(classes: Int) -> [UtteranceMeans.Mean?] {
    manifest.records.indices.map { index in
      let confidence = 0.3 + 0.02 * Double(index)
      let rest = (1 - confidence) / 7
      return UtteranceMeans.Mean(
        probabilities: classes == 0
          ? [] : [confidence] + Array(repeating: rest, count: classes - 1),
        affect: SIMD2(Float(index) / 20, -0.5))
    }
  }

  @Test(
    "a gallery shows the gravest mistakes and what was right, and leaves out what cannot be read")
  func gallery() throws {
    let gallery = SpeechGallery(manifest, patches: patches, cut: cut)
    let pictures = try gallery.pictures(of: means(classes: 8))
    // Seventeen mistakes, of which twelve are shown, one of them unreadable; three are right.
    #expect(pictures.count == 14 && pictures.count { $0.isRight == true } == 3)
    #expect(pictures.first?.caption == "18.wav: happy, taken for neutral, 66 %")
    #expect(pictures.last?.caption == "16.wav: neutral, 62 %")
    // All are as long as the longest, 0.7 s.
    #expect(Set(pictures.map(\.picture.width)) == [68])
    #expect(pictures.allSatisfy { $0.picture.file.starts(with: [0xFF, 0xD8]) })
    var silent = means(classes: 8)
    silent[18] = nil
    #expect(try gallery.pictures(of: silent).first?.caption.hasPrefix("17.wav") == true)
    #expect(try gallery.pictures(of: manifest.records.map { _ in nil }).isEmpty)
  }

  @Test("without emotions, the utterances that are furthest off come first")
  func affect() throws {
    let pictures = try SpeechGallery(manifest, patches: patches, cut: cut)
      .pictures(of: means(classes: 0))
    #expect(
      pictures.first?.caption
        == "0.wav: valence 0.50, taken for 0.00; arousal -0.50, taken for -0.50")
    #expect(pictures.allSatisfy { $0.isRight == nil })
    let html = ReportFigure.gallery(pictures).figure.html
    #expect(html.contains("&lt;script&gt;.wav: ") && !html.contains("<script"))
  }

  @Test("a preview shows the patches that the step was computed from")
  func preview() throws {
    let epochs = try EpochPlan(
      classOfSample: manifest.records.map { $0.emotion?.rawValue ?? 0 }, globalBatch: 8,
      microBatch: 4, seed: 3, sampling: .shuffled)
    let augmentation = SpeechAugmentation(
      masks: SpecAugment(
        timeMasks: 1, longestTimeMask: 20, frequencyMasks: 1, widestFrequencyMask: 20, fill: -3),
      gainDecibels: 6)
    let mixing = BatchMixing(mixupAlpha: 0.4, cutmixAlpha: 0)
    let loader = try BatchLoader(
      manifest: manifest, cut: cut, augmentation: augmentation, mode: .training,
      requests: epochs.requests(steps: 0..<2, leaves: 0..<2), seed: 3, microBatch: 4, workers: 2,
      queueDepth: 2, mixing: mixing, onError: .skip(limit: 9))
    let preview = SpeechPreview(
      speech: manifest, epochs: epochs, cut: cut, augmentation: augmentation, mixing: mixing,
      seed: 3)
    var values = [Float](repeating: 0, count: 4 * 40 * LogMelSpectrogram.bands)
    for step in 1...2 {
      for leaf in 0..<2 {
        _ = try values.withUnsafeMutableBufferPointer { try loader.next(into: $0) }
        let shown = try #require(try preview.images(ofStep: step))
        let trained = LogMelImages(values, frames: 40)
        #expect(try (shown.sheet() == trained.sheet()) == (leaf == 0), "step \(step)")
      }
    }
    #expect(try preview.images(ofStep: 0) == nil)
  }

  // MARK: - Pixels

  /// A picture's colours, by column and row.
  private func decoded(_ picture: JPEGPicture) throws -> (Int, Int) -> SIMD3<Int> {
    let pixels = PixelBuffer()
    let decoder = try ImageDecoder()
    try picture.file.withUnsafeBytes { bytes in
      _ = try decoder.open(bytes: bytes, name: "picture")
      try decoder.decode(into: pixels)
    }
    #expect(pixels.width == picture.width && pixels.height == picture.height)
    return { x, y in
      let start = 4 * (y * pixels.width + x)
      return SIMD3(
        Int(pixels.bytes[start]), Int(pixels.bytes[start + 1]), Int(pixels.bytes[start + 2]))
    }
  }

  @Test("loud bands are bright, low ones at the bottom, and what is no number is dark")
  func spectrogram() throws {
    let bands = LogMelSpectrogram.bands
    var values = [Float](repeating: LogMelSpectrogram.silence, count: 80 * bands)
    for frame in 40..<80 {
      for band in 0..<16 { values[frame * bands + band] = 2 }
    }
    for frame in 0..<40 { values[frame * bands + 60] = .nan }
    let color = try decoded(try LogMelImages(values, frames: 80).picture(of: 0))
    #expect((color(60, 120) &+ 0).max() > 240 && color(60, 40).max() < 40)
    #expect(color(20, 120).max() < 40 && color(20, 7).max() < 40)
    let long = try LogMelImages([Float](repeating: 0, count: 700 * bands), frames: 700).picture(
      of: 0)
    #expect(long.width == 233)
    #expect(HeatColor.color(of: -1) == SIMD3(0, 0, 4) && HeatColor.color(of: 7).x == 252)
    #expect(HeatColor.color(of: .nan) == HeatColor.color(of: 0))
  }

  @Test("a confusion matrix is shaded by the parts of its true classes")
  func confusion() throws {
    var matrix = ConfusionMatrix(classes: 2)
    for prediction in [0, 0, 0, 0] { matrix.add(label: 0, prediction: prediction) }
    for prediction in [0, 1] { matrix.add(label: 1, prediction: prediction) }
    let figure = ConfusionFigure(title: "", names: ["calm", "<é>"], matrix: matrix)
    let picture = try figure.picture()
    let color = try decoded(picture)
    let (left, top) = (12 + PictureFont.width(of: "calm"), 12 + 2 * PictureFont.height)
    // A corner of each cell, where there is no number.
    func cell(_ label: Int, _ prediction: Int) -> SIMD3<Int> {
      color(left + prediction * 66 + 8, top + label * 40 + 34)
    }
    #expect(cell(0, 0).x < 60 && cell(0, 0).z > 190)
    #expect(cell(0, 1).min() > 240)
    #expect(cell(1, 0).z < cell(1, 0).x - 40 && cell(1, 1).x < cell(1, 1).z - 40)
  }

  @Test("letters are of five by seven dots, and unknown ones are told")
  func font() {
    for character in "abcdefghijklmnopqrstuvwxyz0123456789.,:-_% ?é" {
      let dots = PictureFont.dots(of: character)
      let isTall = "gjpqy".contains(character)
      #expect(dots.count == PictureFont.height + (isTall ? 2 : 0), "\(character)")
      #expect(dots.allSatisfy { $0.count == 5 }, "\(character)")
    }
    #expect(PictureFont.dots(of: "A") == PictureFont.dots(of: "a"))
    #expect(PictureFont.dots(of: "é") == PictureFont.dots(of: "?"))
  }

  @Test("curves of recordings are drawn from edge to edge, with gaps where there is no number")
  func curves() throws {
    let canvas = PictureCanvas(width: 40, height: 20)
    canvas.draw(
      [0, 0, .nan, .nan, 1, 9], x: 0..<40, y: 0..<20, showing: 0...1, PictureCanvas.Ink.black)
    func isDark(_ x: Int, _ y: Int) -> Bool { canvas.pixels.bytes[4 * (y * 40 + x)] < 100 }
    #expect(isDark(2, 19) && isDark(38, 0) && !isDark(2, 0))
    #expect((0..<20).allSatisfy { !isDark(20, $0) })
    let trace = AffectTraces(
      name: "dev", truth: [[0, 0], [1, 1]], predictions: [[.nan, .nan], [0, 0]], processed: nil,
      ranges: [0...1, 0...1], caption: "")
    let one = try #require(try AffectTraces.picture(of: [trace]))
    let many = try #require(try AffectTraces.picture(of: Array(repeating: trace, count: 9)))
    #expect(many.width == one.width && many.height < 5 * one.height)
    #expect(try AffectTraces.picture(of: []) == nil)
  }
}
