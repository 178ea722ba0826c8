import Media

/// Draws what is predicted onto the frames of a film: a box around the face with the most probable class,
/// all classes as bars, valence and arousal in their plane, and below how all that went in the last seconds.
///
/// Letters and parts grow with the frame. Small frames have fewer parts: first the plane is left out, then
/// the bars, then the strip of the last seconds. What is drawn depends on the moments so far alone. Used
/// by one thread at a time.
public final class FilmOverlay {
  let classes: [String]
  let colours: ClassColours
  let hasAffect: Bool
  let historySeconds: Double
  private let typefaces = Typefaces()
  /// Those of the last seconds, in the order of time.
  private var history: [DrawnMoment] = []

  /// An overlay for the frames of one film.
  ///
  /// - Parameters:
  ///   - classes: names; empty where no classes are predicted.
  ///   - hasAffect: whether valence and arousal are predicted, so that there is a place for them.
  ///   - historySeconds: what the strip shows, more than 0.
  public init(classes: [String], hasAffect: Bool = true, historySeconds: Double = 10) {
    precondition(historySeconds > 0 && historySeconds.isFinite, "a history of \(historySeconds) s")
    self.classes = classes.map(\.inOneLine)
    colours = ClassColours(classes, isOnDark: true)
    self.hasAffect = hasAffect
    self.historySeconds = historySeconds
  }

  /// Draws onto the frame of `moment`, in place, and remembers the moment for the strip of frames to come.
  ///
  /// Frames come in the order of time; a time that goes back begins a new history. A region that is empty,
  /// not finite or outside of the frame counts as none.
  ///
  /// - Precondition: `frame` has four bytes a pixel; probabilities are as many as classes, or none.
  /// - Throws: `DrawingError.noMemory`, `DrawingError.tooLarge`.
  public func draw(_ moment: DrawnMoment, on frame: PixelBuffer) throws(DrawingError) {
    moment.estimate.requireFit(classes)
    guard frame.width > 0, frame.height > 0 else { return }
    var moment = moment
    moment.estimate = moment.estimate.drawable
    let layout = OverlayLayout(
      width: frame.width, height: frame.height, classes: classes.count, hasAffect: hasAffect)
    let face = moment.region.flatMap { Box(of: $0, in: layout.frame) }
    if face == nil { moment.region = nil }
    remember(moment)
    let canvas = try Canvas.on(frame, typefaces)
    let picture = OverlayPicture(overlay: self, canvas: canvas, layout: layout, moment: moment)
    if let strip = layout.strip { picture.drawStrip(in: strip, history) }
    if let bars = layout.bars { picture.drawBars(in: bars) }
    if let plane = layout.plane { picture.drawPlane(in: plane, history) }
    if let face { picture.drawFace(face) } else { picture.drawMissingFace() }
    try canvas.finish()
  }

  private func remember(_ moment: DrawnMoment) {
    guard moment.seconds.isFinite else { return }
    if let last = history.last, moment.seconds < last.seconds { history.removeAll() }
    let first = moment.seconds - historySeconds
    let expired = history.prefix { $0.seconds < first }.count
    history.removeFirst(expired)
    history.append(moment)
  }
}
