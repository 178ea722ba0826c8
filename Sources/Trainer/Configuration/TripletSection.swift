import Datasets
import Foundation

/// `triplets`: faces of which two are more alike than the third (Google FEC), and their embedding.
struct TripletSection: ConfigurationSection {
  /// The data set's folder; nil for no triplets.
  var root: String?
  /// The training list, relative to the root.
  var train = "faceexp-comparison-data-train-public.csv"
  /// The test list, relative to the root.
  var test = "faceexp-comparison-data-test-public.csv"
  /// A list of url,path or the images' folder, relative to the root.
  var images = "images.csv"
  /// Annotators, of six, who must agree.
  var agreement = 4
  /// Triplets of a micro-batch.
  var perMicroBatch = 0
  /// Features of the embedding's hidden layer.
  var hidden = 512
  /// Length of the embedding.
  var dimensions = 16

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "root", \.root, "Folder of triplets of faces (Google FEC's lists); null for none.",
        changesResult: false),
      ConfigurationKey("train", \.train, "Training list, relative to the root."),
      ConfigurationKey(
        "test", \.test, "Test list, relative to the root.", changesResult: false),
      ConfigurationKey(
        "images", \.images,
        "List of url,path that says where the images are, or their folder; relative to the root.",
        changesResult: false),
      ConfigurationKey(
        "agreement", \.agreement, "Annotators of six who must have made the same choice.",
        must: .from(4, to: TripletManifest.annotators)),
      ConfigurationKey(
        "per_micro_batch", \.perMicroBatch,
        "Triplets in each micro-batch: three of its rows each, beside labelled faces.",
        must: .from(0, to: 1 << 20)),
      ConfigurationKey(
        "hidden", \.hidden, "Features of the embedding's hidden layer.", must: .oneTo(1 << 16)),
      ConfigurationKey(
        "dimensions", \.dimensions, "Length of the embedding.", must: .oneTo(1 << 12)),
    ]
  }

  /// The path of a list or of the images; nil where there are no triplets.
  func path(_ name: String) -> String? {
    root.map { name.hasPrefix("/") ? name : "\($0)/\(name)" }
  }

  /// - Throws: `TrainerError.missingData` naming the key of what is not there.
  func requireFiles() throws {
    for (key, name) in [("root", ""), ("train", train), ("test", test), ("images", images)] {
      guard let path = key == "root" ? root : path(name) else { return }
      guard FileManager.default.fileExists(atPath: path) else {
        throw TrainerError.missingData(path: path, key: "triplets.\(key)")
      }
    }
  }

  /// Where the images are; nil where there are no triplets.
  func imageMap() throws -> ImageMap? { try root.map { try ImageMap(at: images, root: $0) } }

  /// Reads one of the lists; nil where there are no triplets.
  func triplets(
    _ name: String, images: ImageMap?, onError: ErrorPolicy
  ) throws -> FaceTriplets? {
    guard let root, let list = path(name), let images else { return nil }
    return FaceTriplets(
      try TripletManifest.fec(
        csv: list, root: root, images: images, agreement: agreement, onError: onError))
  }
}
