import COneDNN

// Operations along the last axis see a sequence [N, T, F] as a matrix of N · T rows: the same
// memory under another shape.

extension PlanBuilder {
  /// Rows and features of a value: `[N, F]` has N rows, `[N, T, F]` has N · T.
  func rowShape(of value: ValueID) -> [Int] {
    let shape = shape(of: value)
    let features = shape[shape.count - 1]
    return [shape.dropLast().reduce(1, *), features]
  }

  /// A value's array, or its gradient's, as a row-major matrix of its rows; moved where it lies in
  /// another layout.
  ///
  /// - Parameter type: nil keeps the element type.
  func rows(
    _ source: Located, of value: ValueID, type: dnnl_data_type_t? = nil, layer: String
  ) throws -> Located {
    let shape = shape(of: value)
    let type = type ?? source.layout.dataType
    let plain = try converted(source, to: .rowMajor(shape, type), layer: layer)
    return try view(plain, as: rowShape(of: value))
  }

  /// A dense row-major array under another shape of as many elements.
  func view(_ source: Located, as shape: [Int]) throws -> Located {
    Located(layout: try .rowMajor(shape, source.layout.dataType), place: source.place)
  }
}
