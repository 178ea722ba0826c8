import Trainer

extension RowLayout {
  /// What the heads say in a row.
  ///
  /// - Parameter weights: the file of the network's, for messages.
  /// - Throws: `TrainerError.outputsNotFinite`.
  func estimate(of row: [Float], weights: String) throws -> Estimate {
    guard row.allSatisfy(\.isFinite) else { throw TrainerError.outputsNotFinite(weights: weights) }
    return Estimate(logits: part("logits", of: row), affect: part("affect", of: row))
  }
}

extension FilmWork {
  /// What somebody who reads the numbers has to know of the film's faces.
  var faceRemarks: [String] {
    let frames = table.frameCount
    guard table.presentCount > 0 else {
      return [
        "no face was found in any of \(frames) frames; smaller ones are found with a smaller minimum face"
      ]
    }
    var remarks: [String] = []
    if table.presentCount < frames {
      remarks.append("\(frames - table.presentCount) of \(frames) frames have no face")
    }
    if severalFaces > 0 {
      remarks.append(
        "in \(severalFaces) of \(looks) pictures that were looked at there are other faces too; the one that "
          + "covers most, in area and time, was followed")
    }
    return remarks
  }
}
