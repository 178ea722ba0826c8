import COneDNN
import Synchronization

/// Lets one thread at a time choose and make kernels.
///
/// oneDNN promises that any thread may, but before version 3 its convolutions keep the width of their
/// last block of channels in a variable of the whole process while they are chosen: a plan in float32
/// and one in bfloat16 that are made side by side take each other's, compute something else, and stay
/// so for the rest of the process in oneDNN's cache. Kernels run on any number of threads.
private enum KernelChoice {
  private static let lock = Mutex(())

  static func alone(_ make: () -> dnnl_status_t) -> dnnl_status_t { lock.withLock { _ in make() } }
}

/// A kernel chosen for given shapes: tells its layouts before it is made. Owns the C handle.
final class PrimitiveDescriptor {
  let handle: dnnl_primitive_desc_t
  let layer: String
  /// The kind of primitive: the name of the function that asked for it.
  let operation: String

  init(
    layer: String, function: StaticString = #function,
    _ make: (UnsafeMutablePointer<dnnl_primitive_desc_t?>) -> dnnl_status_t
  ) throws {
    var created: dnnl_primitive_desc_t?
    try check(KernelChoice.alone { make(&created) }, layer: layer)
    guard let created else {
      throw NetsError.kernel(function: "PrimitiveDescriptor", status: "null", layer: layer)
    }
    handle = created
    self.layer = layer
    operation = String("\(function)".prefix { $0 != "(" })
  }

  deinit { dnnl_primitive_desc_destroy(handle) }

  /// The layout wanted for an argument that must exist.
  func layout(_ what: dnnl_query_t) throws -> MemoryDescriptor {
    guard let found = try MemoryDescriptor.query(what, of: handle) else {
      throw NetsError.kernel(function: "layout", status: "no such argument", layer: layer)
    }
    return found
  }

  /// The layout of an argument that some implementations do without (workspace, scratchpad).
  func optionalLayout(_ what: dnnl_query_t) throws -> MemoryDescriptor? {
    try MemoryDescriptor.query(what, of: handle)
  }

  /// oneDNN's name of the implementation, for example `jit:avx512_core`.
  var implementation: String {
    var text: UnsafePointer<CChar>?
    guard dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, &text) == dnnl_success,
      let text
    else { return "unknown" }
    return String(cString: text)
  }
}

/// A kernel ready to run. Owns the C handle.
final class Primitive {
  let handle: dnnl_primitive_t

  init(_ descriptor: PrimitiveDescriptor) throws {
    var created: dnnl_primitive_t?
    try check(
      KernelChoice.alone { dnnl_primitive_create(&created, descriptor.handle) },
      layer: descriptor.layer)
    guard let created else {
      throw NetsError.kernel(function: "Primitive", status: "null", layer: descriptor.layer)
    }
    handle = created
  }

  deinit { dnnl_primitive_destroy(handle) }
}

/// An array at an address, as kernels take it. Owns the C handle, not the memory.
final class MemoryObject {
  let handle: dnnl_memory_t

  init(_ layout: MemoryDescriptor, at address: UnsafeMutableRawPointer, device: KernelDevice) throws
  {
    var created: dnnl_memory_t?
    try check(aver_memory_create(&created, layout.handle, device.engine, address))
    guard let created else {
      throw NetsError.kernel(function: "MemoryObject", status: "null", layer: "the engine")
    }
    handle = created
  }

  deinit { dnnl_memory_destroy(handle) }
}

/// Attributes of primitives: scratchpad from the caller, deterministic. Owns the C handle.
final class PrimitiveAttributes {
  let handle: dnnl_primitive_attr_t

  /// - Parameters:
  ///   - adds: whether the primitive adds to what is in the array of its result.
  ///   - function: what the result, or that sum, passes through.
  init(adds: Bool = false, function: ActivationFunction? = nil) throws {
    var created: dnnl_primitive_attr_t?
    if let function {
      var native = function.postOperation
      try check(aver_attributes_create(&created, adds, &native))
    } else {
      try check(aver_attributes_create(&created, adds, nil))
    }
    guard let created else {
      throw NetsError.kernel(function: "PrimitiveAttributes", status: "null", layer: "the engine")
    }
    handle = created
  }

  deinit { dnnl_primitive_attr_destroy(handle) }
}
