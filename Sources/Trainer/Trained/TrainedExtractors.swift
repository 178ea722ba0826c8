import Nets

extension FaceConfiguration {
  /// The network that the run trained, as an extractor of films.
  ///
  /// - Parameter boxMargin: see `FaceCutting`.
  func filmExtractor(
    weights: String, boxMargin: Double, precision: Precision, batch: Int
  ) -> FilmExtractor.Settings {
    FilmExtractor.Settings(
      network: network, augmentation: data.augmentation(imageSize: model.imageSize),
      boxMargin: boxMargin, precision: precision, batch: batch, weights: weights)
  }
}

extension AudioConfiguration {
  /// The network that the run trained, as an extractor of sounds.
  func soundExtractor(
    weights: String, precision: Precision, batch: Int
  ) -> SoundExtractor.Settings {
    SoundExtractor.Settings(network: network, precision: precision, batch: batch, weights: weights)
  }
}
