/// Shares of classes as bars, one below the other, with names and numbers.
struct ClassBars {
  /// A bar: what it is called, 0 to 1, and its colour.
  struct Bar {
    let name: String
    let share: Double
    let colour: Colour
  }

  let bars: [Bar]
  /// From one bar to the next.
  var pitch = 20.0
  var style = FigureText.label

  var height: Double { Double(bars.count) * pitch }

  /// The bars of a class each. Of more than `most` those with the largest shares, in the order of classes.
  init(_ classes: [String], shares: [Double], colours: ClassColours, most: Int = 12) {
    let chosen = shares.indices.sorted { (shares[$0], $1) > (shares[$1], $0) }.prefix(most).sorted()
    bars = chosen.map { Bar(name: classes[$0], share: shares[$0], colour: colours[$0]) }
  }

  /// Draws into `box`, from its top; the largest share stands out.
  func draw(on canvas: Canvas, in box: Box) {
    var bold = style
    bold.isBold = true
    let names = bars.map { canvas.shortened($0.name, bold, to: box.width * 0.4) }
    let nameWidth = names.map { canvas.width(of: $0, bold) }.max() ?? 0
    let numberWidth = canvas.width(of: "100 %", bold)
    let left = box.x + nameWidth + 10
    let longest = max(10, box.right - numberWidth - 8 - left)
    let largest = bars.map(\.share).max() ?? 0
    for (index, bar) in bars.enumerated() {
      let middle = box.y + (Double(index) + 0.5) * pitch
      var style = style
      style.isBold = bar.share == largest && largest > 0
      canvas.write(
        names[index], at: Point(box.x + nameWidth, middle), style, .right, isCentred: true)
      let thickness = pitch * 0.6
      let whole = Box(x: left, y: middle - thickness / 2, width: longest, height: thickness)
      canvas.fill(whole, Colour(0xeceff2))
      if bar.share > 0 {
        var part = whole
        part.width = max(1, longest * bar.share)
        canvas.fill(part, bar.colour)
      }
      style.colour = style.isBold ? .ink : .soft
      canvas.write(
        FigureText.percent(bar.share), at: Point(box.right, middle), style, .right, isCentred: true)
    }
  }
}
