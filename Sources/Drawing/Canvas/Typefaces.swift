import CCairo

/// Owns the two faces that texts are written in, regular and bold.
///
/// cairo keeps what it has read of a font for as long as its face is held: who draws many pictures
/// holds one of these. Where the machine has no DejaVu, fontconfig gives what comes next to it; where it
/// has no fonts at all, cairo draws letters of its own, those of ASCII alone.
final class Typefaces {
  private let regular: OpaquePointer?
  private let bold: OpaquePointer?
  /// Whether there are no other letters than those of ASCII.
  private let isPlain: Bool

  init() {
    regular = cairo_toy_font_face_create(
      "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL)
    bold = cairo_toy_font_face_create(
      "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD)
    isPlain = Self.isDrawnByCairo(regular)
  }

  deinit {
    cairo_font_face_destroy(regular)
    cairo_font_face_destroy(bold)
  }

  private static func isDrawnByCairo(_ face: OpaquePointer?) -> Bool {
    var (size, place) = (cairo_matrix_t(), cairo_matrix_t())
    cairo_matrix_init_scale(&size, 12, 12)
    cairo_matrix_init_identity(&place)
    let options = cairo_font_options_create()
    defer { cairo_font_options_destroy(options) }
    let font = cairo_scaled_font_create(face, &size, &place, options)
    defer { cairo_scaled_font_destroy(font) }
    return cairo_scaled_font_get_type(font) == CAIRO_FONT_TYPE_USER
  }

  /// The text in letters that there are: a minus that is not seen would be a wrong number.
  func spelled(_ text: String) -> String {
    isPlain ? text.inASCII : text
  }

  /// Lets a context write in one of them.
  func select(bold isBold: Bool, in context: OpaquePointer) {
    cairo_set_font_face(context, isBold ? bold : regular)
  }
}

extension String {
  /// The signs that figures use in letters of ASCII, and a question mark for all others.
  var inASCII: String {
    let spelled: [Character: String] = [
      "−": "-", "–": "-", "→": "to", "·": "|", "…": "...", "\u{A0}": " ",
    ]
    return map { $0.isASCII ? String($0) : spelled[$0] ?? "?" }.joined()
  }
}
