/// Where the parts of an overlay are in a frame; those for which a frame is too small are missing.
struct OverlayLayout: Equatable {
  let frame: Box
  /// The size of letters, in pixels; all else grows with it.
  let font: Double
  /// From parts to the frame's edges.
  let margin: Double
  /// What was said of the last seconds: the whole width, at the bottom.
  private(set) var strip: Box?
  /// The classes, at the upper left corner.
  private(set) var bars: Box?
  /// Valence and arousal, at the upper right corner.
  private(set) var plane: Box?
  /// How many classes have a bar.
  private(set) var barCount = 0

  /// From one bar to the next, in sizes of letters.
  static let barPitch = 1.2

  init(width: Int, height: Int, classes: Int, hasAffect: Bool) {
    frame = Box(x: 0, y: 0, width: Double(width), height: Double(height))
    // Of tall frames the width tells how much there is room for.
    let extent = min(frame.height, 0.75 * frame.width)
    font = max(8, 4 + 0.026 * extent)
    margin = (0.7 * font).rounded()
    if extent >= 180, classes > 0 || hasAffect {
      let height = ((hasAffect ? 4.6 : 1.8) * font).rounded()
      strip = Box(x: 0, y: frame.bottom - height, width: frame.width, height: height)
    }
    if extent >= 260, classes > 0 { placeBars(classes) }
    if extent >= 340, hasAffect {
      let side = (7.4 * font).rounded()
      plane = Box(x: frame.right - margin - side, y: margin, width: side, height: side)
    }
  }

  private mutating func placeBars(_ classes: Int) {
    let room = (strip?.y ?? frame.bottom) - 2 * margin - font
    barCount = min(classes, 10, Int(room / (Self.barPitch * font)))
    guard barCount > 0 else { return }
    let height = (Double(barCount) * Self.barPitch + 0.6) * font
    bars = Box(x: margin, y: margin, width: (11 * font).rounded(), height: height.rounded())
  }
}
