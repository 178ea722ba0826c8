import AverInference
import Foundation
import Media
import TestSupport
import Testing

@Suite("AverInference: recordings")
struct RecordingTests {
  private let runs: TinyRuns
  private let movie: String

  init() throws {
    runs = try TinyRuns()
    movie = runs.path("film.mp4")
    try Photo.film(movie, tone: true)
  }

  @Test("a film's face is predicted in each frame that shows it, and observed there")
  func film() throws {
    let model = try FaceModel(run: runs.path("eyes"))
    var observed: [Int] = []
    var parts: [Double] = []
    let prediction = try model.predict(film: movie, progress: { parts.append($0) }) { shown in
      #expect(shown.region.width > 40 && shown.picture.rgb.contains { $0 != 90 })
      observed.append(shown.frame)
    }
    #expect(prediction.moments.count == 40 && prediction.periodSeconds == 0.04)
    #expect(prediction.moments.map(\.frame) == Array(0..<40))
    #expect(prediction.moments[0].region == nil && prediction.moments[0].estimate == Estimate())
    // The last frames lie behind the last look.
    #expect(observed.last == 39)
    #expect(observed == prediction.moments.filter { $0.region != nil }.map(\.frame))
    #expect(prediction.moments[30].estimate.probabilities.count == 8)
    #expect(prediction.remarks.count == 1 && prediction.remarks[0].contains("have no face"))
    #expect(parts == parts.sorted() && parts.last == 1)
  }

  @Test("any number of threads predicts the same", arguments: ["eyes", "both", "tuned"])
  func workers(run: String) throws {
    func prediction(workers: Int, batch: Int) throws -> RecordingPrediction {
      var options = InferenceOptions()
      (options.workers, options.batch) = (workers, batch)
      return switch try TrainedModel(run: runs.path(run), options: options) {
      case .face(let model): try model.predict(film: movie)
      case .affect(let model): try model.predict(film: movie)
      case .voice: throw CancellationError()
      }
    }
    let one = try prediction(workers: 1, batch: 32)
    #expect(one.moments.count == 40)
    #expect(try prediction(workers: 3, batch: 32) == one)
    #expect(try prediction(workers: 3, batch: 2) == one)
  }

  @Test("a damaged film gives the same for any number of threads, or the same error")
  func damagedFilm() throws {
    let damaged = runs.path("damaged.mp4")
    let original = [UInt8](try Data(contentsOf: URL(filePath: movie)))
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    func outcome(workers: Int) -> String {
      var options = InferenceOptions()
      options.workers = workers
      do {
        let model = try FaceModel(run: runs.path("eyes"), options: options)
        return "\(try model.predict(film: damaged).moments)"
      } catch {
        return "\(error)"
      }
    }
    var outcomes: Set<String> = []
    for round in 0..<8 {
      var bytes = original
      // Behind the header, where pictures are.
      for _ in 0..<3 {
        let place = Int.random(in: 1024..<bytes.count * 3 / 4, using: &generator)
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      try Data(bytes).write(to: URL(filePath: damaged))
      let alone = outcome(workers: 1)
      #expect(outcome(workers: 4) == alone, "seed \(seed), round \(round)")
      outcomes.insert(alone)
    }
    #expect(outcomes.count > 1, "seed \(seed): no damage was seen")
  }

  @Test("pictures that are shown for several frames give each of them the same")
  func heldPictures() throws {
    let slow = runs.path("slow.mp4")
    try Photo.film(slow, frames: 20, faceless: 0, rate: 10, tone: false)
    let prediction = try AffectModel(run: runs.path("both")).predict(film: slow)
    #expect(prediction.moments.count == 50)
    #expect(prediction.moments.allSatisfy { $0.region != nil })
    // 10 pictures a second, 25 frames: 0.5 s to 0.54 s and on to 0.58 s lie in the sixth.
    let same = prediction.moments[12...14].map(\.estimate.probabilities)
    #expect(same[1] == same[2] && !same[0].isEmpty)
  }

  @Test("who observes a film must not ask its model; who hears of the progress may")
  func askingMeanwhile() throws {
    let model = try FaceModel(run: runs.path("eyes"))
    let picture = try Picture(contentsOf: Photo.path)
    var refusals: [InferenceError] = []
    var answers = 0
    _ = try model.predict(
      film: movie, progress: { _ in answers += (try? model.predict(picture))?.count ?? 0 }
    ) { shown in
      do {
        _ = try model.predict(shown.picture)
      } catch let error as InferenceError {
        refusals.append(error)
      } catch {
        Issue.record(error)
      }
    }
    #expect(answers > 0)
    #expect(refusals.count > 20 && refusals.allSatisfy { $0 == .observerAsks })
  }

  @Test("a film without any face is said to have none")
  func noFace() throws {
    let file = runs.path("blank.mp4")
    try Photo.film(file, frames: 12, faceless: 12, tone: false)
    let prediction = try FaceModel(run: runs.path("eyes")).predict(film: file)
    #expect(prediction.isEmpty && prediction.moments.count == 12)
    #expect(prediction.remarks[0].contains("no face"))
  }

  @Test(
    "film and sound together give valence and arousal of each frame", arguments: ["both", "tuned"])
  func together(run: String) throws {
    let model = try AffectModel(run: runs.path(run))
    let prediction = try model.predict(film: movie)
    #expect(prediction.moments.count == 40)
    for moment in prediction.moments {
      let (valence, arousal) = (moment.estimate.valence, moment.estimate.arousal)
      #expect(valence.map { abs($0) <= 1 } == true && arousal.map { abs($0) <= 1 } == true)
      #expect((moment.region == nil) == moment.estimate.probabilities.isEmpty)
    }
    #expect(Set(prediction.moments.map(\.estimate.valence)).count > 10)
    let expression = try FaceModel(run: runs.path("eyes")).predict(film: movie)
    let last = (prediction.moments[35], expression.moments[35])
    #expect(last.0.estimate.probabilities == last.1.estimate.probabilities)
  }

  @Test("without sound, or without film, the other is used, and that is said")
  func oneAlone() throws {
    let model = try AffectModel(run: runs.path("both"))
    let both = try model.predict(film: movie)
    let silent = runs.path("silent.mp4")
    try Photo.film(silent, tone: false)
    let seen = try model.predict(film: silent)
    #expect(seen.remarks.contains { $0.contains("no sound") && $0.contains("has learned") })
    #expect(seen.moments.map(\.estimate.valence) != both.moments.map(\.estimate.valence))
    let heard = try model.predict(sound: movie)
    #expect(heard.remarks == ["there is no film; the network has learned to do without"])
    #expect(heard.moments.count >= 40 && heard.moments.allSatisfy { $0.region == nil })
    let tuned = try AffectModel(run: runs.path("tuned")).predict(film: silent)
    #expect(tuned.remarks.contains { $0.contains("has not learned to do without") })
  }

  @Test("mutated films, sounds and pictures give a result or an error that names them")
  func mutations() throws {
    let face = try FaceModel(run: runs.path("eyes"))
    let affect = try AffectModel(run: runs.path("both"))
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let original = [UInt8](try Data(contentsOf: URL(filePath: movie)))
    let photo = [UInt8](try Data(contentsOf: URL(filePath: Photo.path)))
    var failures = 0
    for round in 0..<30 {
      let path = runs.path("mutated")
      let bytes = generator.mutate(round % 3 == 2 ? photo : original)
      try Data(bytes).write(to: URL(filePath: path))
      do {
        switch round % 3 {
        case 0: _ = try face.predict(film: path)
        case 1: _ = try affect.predict(film: path)
        default: _ = try face.predict(Picture(contentsOf: path))
        }
      } catch {
        failures += 1
        #expect("\(error)".contains(path), "seed \(seed), round \(round): \(error)")
      }
    }
    #expect(failures > 0, "seed \(seed): nothing was mutated")
  }

  @Test("mutated run folders give a model or an error that names the file")
  func mutatedRuns() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    var failures = 0
    for run in ["eyes", "both"] {
      for name in ["config.yaml", "final/model.safetensors", "standardisation.safetensors"] {
        let file = URL(filePath: runs.path("\(run)/\(name)"))
        guard let original = try? Data(contentsOf: file) else { continue }
        for round in 0..<12 {
          try Data(generator.mutate([UInt8](original))).write(to: file)
          do {
            _ = try TrainedModel(run: runs.path(run))
          } catch {
            failures += 1
            #expect(
              "\(error)".contains(runs.path(run)), "seed \(seed), \(name), round \(round): \(error)"
            )
          }
        }
        try original.write(to: file)
      }
      _ = try TrainedModel(run: runs.path(run))
    }
    #expect(failures > 0, "seed \(seed): nothing was mutated")
  }
}

extension SeededGenerator {
  /// Some bytes changed, mostly near the start, and sometimes an end cut off.
  fileprivate mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var mutated = bytes
    let reach = Bool.random(using: &self) ? min(512, bytes.count) : bytes.count
    for _ in 0..<Int.random(in: 1...8, using: &self) {
      mutated[Int.random(in: 0..<reach, using: &self)] = UInt8.random(in: 0...255, using: &self)
    }
    if Int.random(in: 0..<4, using: &self) == 0 {
      mutated.removeLast(Int.random(in: 0..<bytes.count, using: &self))
    }
    return mutated
  }
}
