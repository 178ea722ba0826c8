import CCairo

/// Owns the two faces that texts are written in, regular and bold.
///
/// cairo keeps what it has read of a font for as long as its face is held: who draws many pictures
/// holds one of these. Where the machine has no DejaVu, fontconfig gives what comes next to it; where it
/// has no fonts at all, cairo draws letters of its own.
final class Typefaces {
  private let regular: OpaquePointer?
  private let bold: OpaquePointer?

  init() {
    regular = cairo_toy_font_face_create(
      "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL)
    bold = cairo_toy_font_face_create(
      "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD)
  }

  deinit {
    cairo_font_face_destroy(regular)
    cairo_font_face_destroy(bold)
  }

  /// Lets a context write in one of them.
  func select(bold isBold: Bool, in context: OpaquePointer) {
    cairo_set_font_face(context, isBold ? bold : regular)
  }
}
