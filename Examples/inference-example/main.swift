// What faces in photographs, and voices in recordings, express: an example of AverInference.
//
//     inference-example runs/student photo.jpg …
//     inference-example runs/voice recording.wav …
//     inference-example runs/fusion talk.mp4 …

import AverInference
import Foundation

/// What a model says of a file, in lines for people.
func lines(of file: String, by model: TrainedModel) throws -> [String] {
  switch model {
  case .face(let model):
    // A picture in memory would do as well: Picture(width:height:rgb:).
    return try model.predict(Picture(contentsOf: file)).map {
      words(for: $0.estimate, model.classes)
    }
  case .voice(let model):
    return seconds(try model.predict(sound: file), model.classes)
  case .affect(let model):
    return seconds(try model.predict(film: file), model.classes)
  }
}

/// One line for each second of a recording, and what there is to know of it.
func seconds(_ prediction: RecordingPrediction, _ classes: [String]) -> [String] {
  let frames = max(1, Int((1 / prediction.periodSeconds).rounded()))
  return prediction.remarks
    + prediction.moments.filter { $0.frame % frames == 0 }.map {
      "\(Int($0.seconds.rounded())) s: \(words(for: $0.estimate, classes))"
    }
}

/// The most probable class, and valence and arousal, as far as they are known.
func words(for estimate: Estimate, _ classes: [String]) -> String {
  let named = estimate.mostProbable.map {
    "\(classes[$0]) \(Int((100 * estimate.probabilities[$0]).rounded())) %"
  }
  let affect = zip(["valence", "arousal"], [estimate.valence, estimate.arousal]).compactMap {
    name, value in value.map { "\(name) \(String(format: "%+.2f", $0))" }
  }
  let words = ([named].compactMap { $0 } + affect).joined(separator: ", ")
  return words.isEmpty ? "nothing is known" : words
}

let arguments = CommandLine.arguments.dropFirst()
guard let run = arguments.first, arguments.count > 1 else {
  FileHandle.standardError.write(Data("usage: inference-example RUN FILE …\n".utf8))
  exit(64)
}
do {
  let model = try TrainedModel(run: run)
  for file in arguments.dropFirst() {
    let found = try lines(of: file, by: model)
    print(
      found.isEmpty ? "\(file): no face" : found.map { "\(file): \($0)" }.joined(separator: "\n"))
  }
} catch {
  // Errors say which file is at fault and what to do.
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(65)
}
