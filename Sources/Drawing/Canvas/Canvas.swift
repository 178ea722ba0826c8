import CCairo
import Media

/// What is drawn on: one cairo surface and its context, owned.
///
/// cairo remembers the first failure and ignores what is drawn afterwards, so only the ends of a
/// picture are checked: where it begins, and `finish` or `encoded`. Used by one thread at a time.
final class Canvas {
  let context: OpaquePointer
  private let surface: OpaquePointer
  let typefaces: Typefaces
  /// Takes an SVG file; nil for pixels.
  private let file: ByteSink?
  /// What is drawn on in place, which has to be there for as long as the surface is; nil for others.
  private let pixels: PixelBuffer?
  /// Pixels that are red, green, blue are to cairo, whose are blue, green, red, pictures of swapped
  /// colours: they are drawn on as they are, with swapped colours.
  var swapsRedAndBlue: Bool { pixels != nil }
  private let size: (width: Int, height: Int)

  private init(
    _ surface: OpaquePointer?, _ size: (width: Int, height: Int), _ typefaces: Typefaces,
    file: ByteSink? = nil, pixels: PixelBuffer? = nil
  ) throws(DrawingError) {
    // cairo gives objects that hold an error, never nothing.
    guard let surface, let context = cairo_create(surface) else { throw DrawingError.noMemory }
    self.surface = surface
    self.context = context
    self.size = size
    self.typefaces = typefaces
    self.file = file
    self.pixels = pixels
    try check()
    prepareTexts()
  }

  deinit {
    cairo_destroy(context)
    cairo_surface_destroy(surface)
  }

  /// An SVG file of `width` × `height` pixels of a screen.
  static func svg(width: Int, height: Int) throws(DrawingError) -> Canvas {
    let file = ByteSink()
    let surface = cairo_svg_surface_create_for_stream(
      ByteSink.write, file.closure, Double(width), Double(height))
    cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX)
    return try Canvas(surface, (width, height), Typefaces(), file: file)
  }

  /// Pixels of its own, `density` of them for one unit of the canvas.
  static func pixels(width: Int, height: Int, density: Int) throws(DrawingError) -> Canvas {
    let size = (width: width * density, height: height * density)
    guard let columns = CInt(exactly: size.width), let rows = CInt(exactly: size.height) else {
      throw DrawingError.tooLarge(width: size.width, height: size.height)
    }
    let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows)
    let canvas = try Canvas(surface, size, Typefaces())
    cairo_scale(canvas.context, Double(density), Double(density))
    return canvas
  }

  /// The pixels of a buffer of four bytes a pixel, in place; its size stays the same for as long as the
  /// canvas is there.
  static func on(_ pixels: PixelBuffer, _ typefaces: Typefaces) throws(DrawingError) -> Canvas {
    precondition(pixels.channels == 4, "grey pictures are not drawn on")
    let size = (width: pixels.width, height: pixels.height)
    guard let columns = CInt(exactly: size.width), let rows = CInt(exactly: size.height),
      let stride = CInt(exactly: 4 * size.width)
    else { throw DrawingError.tooLarge(width: size.width, height: size.height) }
    let surface = cairo_image_surface_create_for_data(
      pixels.bytes.baseAddress, CAIRO_FORMAT_RGB24, columns, rows, stride)
    return try Canvas(surface, size, typefaces, pixels: pixels)
  }

  /// Sees to it that all that was drawn is there.
  ///
  /// - Throws: `DrawingError`, also for what went wrong at any time before.
  func finish() throws(DrawingError) {
    cairo_surface_flush(surface)
    try check()
  }

  /// The picture as a file: SVG where the canvas is one, else PNG. Nothing can be drawn afterwards.
  func encoded() throws(DrawingError) -> [UInt8] {
    try finish()
    if let file {
      cairo_surface_finish(surface)
      try check(cairo_surface_status(surface))
      return SVGIdentifiers.renumbered(file.bytes)
    }
    let sink = ByteSink()
    try check(cairo_surface_write_to_png_stream(surface, ByteSink.write, sink.closure))
    return sink.bytes
  }

  /// The one place where what cairo says becomes an error.
  private func check(_ status: cairo_status_t) throws(DrawingError) {
    switch status {
    case CAIRO_STATUS_SUCCESS: return
    case CAIRO_STATUS_NO_MEMORY: throw DrawingError.noMemory
    case CAIRO_STATUS_INVALID_SIZE:
      throw DrawingError.tooLarge(width: size.width, height: size.height)
    default: throw DrawingError.failed(reason: String(cString: cairo_status_to_string(status)))
    }
  }

  private func check() throws(DrawingError) { try check(cairo_status(context)) }

  /// Letters are placed as if pixels were infinitely small, so that texts are as wide in every format,
  /// and are smoothed in grey: smoothing by colours would need to know the screen.
  private func prepareTexts() {
    let options = cairo_font_options_create()
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
    cairo_font_options_set_hint_style(
      options, swapsRedAndBlue ? CAIRO_HINT_STYLE_SLIGHT : CAIRO_HINT_STYLE_NONE)
    cairo_set_font_options(context, options)
    cairo_font_options_destroy(options)
  }

  /// Lets what is drawn next have this colour.
  func use(_ colour: Colour) {
    let (first, last) =
      swapsRedAndBlue ? (colour.blue, colour.red) : (colour.red, colour.blue)
    cairo_set_source_rgba(context, first, colour.green, last, colour.alpha)
  }

  /// Lets what is written or measured next look so.
  func use(_ style: TextStyle) {
    typefaces.select(bold: style.isBold, in: context)
    cairo_set_font_size(context, style.size)
  }
}
