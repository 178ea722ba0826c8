import ArgumentParser

/// How a run's networks are used, and how faces are found for them: of `aver extract` and `aver predict`.
struct TrainedNetworkOptions: ParsableArguments {
  @Option(
    help: """
      best, final or latest weights of the run, or the path of a checkpoint or safetensors file.
      """)
  var checkpoint = "best"

  @Option(help: "Side of the smallest face that is looked for, in pixels.")
  var minimumFace: Int?

  @Option(help: "Score from which on something is a face; below 0 more faces and more false ones.")
  var faceThreshold: Float?

  @Option(
    help: """
      Seconds between two looks for faces in a film; 0 looks at every picture. 0.2 unless a run of \
      fusion says otherwise.
      """)
  var faceInterval: Double?

  @Option(
    help: "dlib's model of 68 points, for networks that learned from faces turned upright.",
    completion: .file())
  var landmarks: String?

  @Option(help: "Number format (f32, bf16), instead of the run's.")
  var precision: String?
}
