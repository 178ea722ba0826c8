extension FuzzTarget {
  /// Every parser; the ones of lists first.
  static var all: [FuzzTarget] {
    [
      delimited, affectNet, rafDB, unlabeled, fec, imageMap, speech, individualRatings,
      goldStandard, faceTrack, speakerSplit, ravdessName, shardPattern,
      numPy, packedList, tar, paxRecords, shardLabels,
      safetensors, checkpoint, metrics, configuration, overrides,
      image, imageHeader, sound, video,
      film, part, run,
    ]
  }
}
