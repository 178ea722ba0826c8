import CounterRandom
import Media

/// One recording of somebody who talks: film, sound and ratings, each a pure function of (seed, number).
struct Clip: Sendable {
  let name: String
  let seconds: Int
  let affect: ClipAffect
  private let seed: UInt64
  private let number: Int
  private let imageSize: Int
  private let voice: ClipVoice

  private static let framesPerSecond = ClipRatings.framesPerSecond
  /// Clips are a set of their own, so that nobody in them is in another.
  private static let set = 4

  /// - Parameters:
  ///   - name: such as `train_1`.
  ///   - number: unique over all clips.
  ///   - imageSize: even.
  init(seed: UInt64, name: String, number: Int, seconds: Int, imageSize: Int) {
    self.seed = seed
    self.name = name
    self.number = Self.set << 32 + number
    self.seconds = seconds
    self.imageSize = imageSize
    let affect = ClipAffect(seed: seed, clip: self.number)
    self.affect = affect
    voice = ClipVoice(
      seed: seed, number: self.number, isFemale: number.isMultiple(of: 2), seconds: Float(seconds),
      affect: affect.voiceShows)
  }

  /// The sound, 16 kHz.
  func samples() -> [Float] { voice.samples(seconds: Float(seconds)) }

  /// What six annotators say, in a row more than there are frames, as in RECOLA.
  func ratings(ofArousal: Bool) -> ClipRatings {
    ClipRatings(
      seed: seed, clip: number, ofArousal: ofArousal,
      frames: seconds * Self.framesPerSecond + 1,
      trace: { affect.felt(at: $0)[ofArousal ? 1 : 0] })
  }

  /// Films the clip and records its sound.
  ///
  /// - Returns: where the face's landmarks are in each frame.
  /// - Throws: `MediaError`.
  func write(video: String, audio: String, with studio: FaceStudio) throws -> [FaceLandmarks] {
    let samples = samples()
    let sound = try WAVWriter(audio, rate: VoiceSynthesizer.rate)
    try sound.write(samples)
    try sound.close()
    var settings = VideoWriter.Settings(size: ImageSize(width: imageSize, height: imageSize))
    settings.rateFrames = Self.framesPerSecond
    settings.soundRate = VoiceSynthesizer.rate
    let film = try VideoWriter(video, settings)
    let samplesOfFrame = VoiceSynthesizer.rate / Self.framesPerSecond
    let face = ClipFace(
      seed: seed, number: number, imageSize: imageSize, seconds: Float(seconds))
    var landmarks: [FaceLandmarks] = []
    for frame in 0..<(seconds * Self.framesPerSecond) {
      let (pose, scene) = look(of: face, in: frame)
      // Films are shorter than 2^14 frames.
      var noise = CounterRandom(
        seed: seed, stream: .picture, index: (number & 0xFFFF) << 14 + frame + Self.set << 32)
      try film.append(
        studio.draw(face.person, pose, in: scene, imageSize: imageSize, noise: &noise))
      try samples[(frame * samplesOfFrame)..<((frame + 1) * samplesOfFrame)]
        .withUnsafeBufferPointer { try film.append(samples: $0) }
      landmarks.append(FaceLandmarks(FaceGeometry(face.person, pose), scene))
    }
    try film.finish()
    return landmarks
  }

  private func look(of face: ClipFace, in frame: Int) -> (pose: FacePose, scene: FaceScene) {
    let time = (Float(frame) + 0.5) / Float(Self.framesPerSecond)
    let spoken = voice.syllables.first { $0.end > time }
    return face.frame(
      at: time, affect: affect.faceShows(at: time), mouth: spoken?.mouth(at: time) ?? 0)
  }
}
