/// How stored pictures are turned and mirrored to be shown: one of the eight symmetries of a
/// rectangle.
struct VideoOrientation: Equatable {
  /// Shown column and row as linear functions of stored ones: each is −1, 0 or 1.
  private let matrix: (columnByColumn: Int, columnByRow: Int, rowByColumn: Int, rowByRow: Int)

  static func == (first: Self, second: Self) -> Bool { first.matrix == second.matrix }

  /// Stored as shown.
  static let upright = VideoOrientation(matrix: (1, 0, 0, 1))

  private init(matrix: (Int, Int, Int, Int)) {
    self.matrix = (matrix.0, matrix.1, matrix.2, matrix.3)
  }

  /// The nearest symmetry to a display matrix, upright where it is not one of a rotation.
  ///
  /// - Parameter display: `[3, 3]`, a row vector (x, y, 1) times it is shown; 16.16 fixed point.
  /// - Source: ISO/IEC 14496-12, track header box.
  init(display: UnsafePointer<Int32>) {
    let (a, b) = (Int(display[0]), Int(display[1]))
    let (c, d) = (Int(display[3]), Int(display[4]))
    if abs(a) + abs(d) >= abs(b) + abs(c) {
      self.init(matrix: (a < 0 ? -1 : 1, 0, 0, d < 0 ? -1 : 1))
    } else {
      self.init(matrix: (0, c < 0 ? -1 : 1, b < 0 ? -1 : 1, 0))
    }
  }

  /// The size that is shown of a stored one.
  func shown(_ stored: ImageSize) -> ImageSize {
    matrix.columnByColumn == 0
      ? ImageSize(width: stored.height, height: stored.width) : stored
  }

  /// Copies stored pixels to where they are shown.
  ///
  /// - Shapes: `stored` is `[size.height, size.width, 4]`; `target` as many, its two axes swapped
  ///   in a quarter turn.
  func copy(
    _ stored: UnsafeMutableBufferPointer<UInt8>, size: ImageSize,
    to target: UnsafeMutableBufferPointer<UInt8>
  ) {
    guard let source = UnsafeRawPointer(stored.baseAddress),
      let destination = UnsafeMutableRawPointer(target.baseAddress)
    else { return }
    let width = shown(size).width
    // A negative direction starts at the far end.
    let (lastColumn, lastRow) = (size.width - 1, size.height - 1)
    let stepOfColumn = matrix.columnByColumn + width * matrix.rowByColumn
    let stepOfRow = matrix.columnByRow + width * matrix.rowByRow
    let origin =
      (stepOfColumn < 0 ? -stepOfColumn * lastColumn : 0)
      + (stepOfRow < 0 ? -stepOfRow * lastRow : 0)
    for row in 0..<size.height {
      var to = origin + row * stepOfRow
      for column in 0..<size.width {
        let pixel = source.loadUnaligned(
          fromByteOffset: 4 * (row * size.width + column), as: UInt32.self)
        destination.storeBytes(of: pixel, toByteOffset: 4 * to, as: UInt32.self)
        to += stepOfColumn
      }
    }
  }
}
