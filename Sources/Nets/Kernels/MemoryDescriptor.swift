import COneDNN

/// Shape, element type and layout of an array. Owns the C handle.
final class MemoryDescriptor {
  let handle: aver_md_t

  private init(_ make: (UnsafeMutablePointer<aver_md_t?>) -> dnnl_status_t) throws {
    var created: aver_md_t?
    try check(make(&created))
    guard let created else {
      throw NetsError.kernel(function: "MemoryDescriptor", status: "null", layer: "the engine")
    }
    handle = created
  }

  /// A descriptor whose layout the kernels may choose.
  static func any(_ shape: [Int], _ type: dnnl_data_type_t) throws -> MemoryDescriptor {
    try MemoryDescriptor { created in
      aver_md_create_any(created, CInt(shape.count), shape.map(Int64.init), type)
    }
  }

  /// Row-major: the last axis is contiguous, as in a weights file.
  static func rowMajor(_ shape: [Int], _ type: dnnl_data_type_t) throws -> MemoryDescriptor {
    try strided(shape, type, order: Array(shape.indices))
  }

  /// Contiguous with the axes in `order`, outermost first; `[0, 2, 3, 1]` is NHWC of an NCHW shape.
  static func strided(_ shape: [Int], _ type: dnnl_data_type_t, order: [Int]) throws
    -> MemoryDescriptor
  {
    var strides = [Int64](repeating: 0, count: shape.count)
    var stride = 1
    for axis in order.reversed() {
      strides[axis] = Int64(stride)
      stride *= shape[axis]
    }
    return try MemoryDescriptor { created in
      aver_md_create_strided(created, CInt(shape.count), shape.map(Int64.init), type, strides)
    }
  }

  /// `[N, C, H, W]` with the channels in blocks, the last one padded with zeros: oneDNN's nChw16c and
  /// nChw8c.
  ///
  /// - Parameter block: 16 or 8.
  static func channelBlocks(_ shape: [Int], _ type: dnnl_data_type_t, block: Int) throws
    -> MemoryDescriptor
  {
    precondition(shape.count == 4 && (block == 16 || block == 8))
    return try MemoryDescriptor { created in
      aver_md_create_channel_blocks(created, shape.map(Int64.init), type, CInt(block))
    }
  }

  /// The descriptor that a primitive descriptor holds for `what`; nil where it has none.
  static func query(_ what: dnnl_query_t, of descriptor: dnnl_primitive_desc_t) throws
    -> MemoryDescriptor?
  {
    var found: aver_md_t?
    try check(aver_md_query(&found, descriptor, what))
    guard found != nil else { return nil }
    return try MemoryDescriptor { created in
      created.pointee = found
      return dnnl_success
    }
  }

  deinit { aver_md_destroy(handle) }

  /// Lengths of the axes.
  var shape: [Int] {
    var lengths = [Int64](repeating: 0, count: Int(DNNL_MAX_NDIMS))
    let count = Int(aver_md_dims(handle, &lengths))
    return lengths.prefix(count).map(Int.init)
  }

  /// Bytes, padding of blocked layouts included.
  var byteCount: Int { aver_md_size(handle) }

  /// Element type.
  var dataType: dnnl_data_type_t { aver_md_data_type(handle) }

  /// Whether shape, type and layout are the same.
  func isEqual(to other: MemoryDescriptor) -> Bool { aver_md_equal(handle, other.handle) }
}
