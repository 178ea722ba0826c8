import COneDNN

/// A primitive that runs outside of the list of a plan's steps, on arrays at fixed addresses.
final class PreparedPrimitive {
  private let device: KernelDevice
  private let primitive: Primitive
  private let memories: [MemoryObject]
  private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>
  private let scratchpad: AlignedMemory?
  private let layer: String

  init(
    _ descriptor: PrimitiveDescriptor,
    _ arguments: [(key: CInt, layout: MemoryDescriptor, address: UnsafeMutableRawPointer)],
    device: KernelDevice
  ) throws {
    var memories = try arguments.map {
      ($0.key, try MemoryObject($0.layout, at: $0.address, device: device))
    }
    scratchpad = try descriptor.optionalLayout(dnnl_query_scratchpad_md).map { layout in
      let memory = try AlignedMemory(byteCount: layout.byteCount, purpose: descriptor.layer)
      memories.append(
        (DNNL_ARG_SCRATCHPAD, try MemoryObject(layout, at: memory.address, device: device)))
      return memory
    }
    primitive = try Primitive(descriptor)
    self.arguments = .allocate(capacity: memories.count)
    for (index, (key, memory)) in memories.enumerated() {
      self.arguments.initializeElement(
        at: index, to: dnnl_exec_arg_t(arg: key, memory: memory.handle))
    }
    self.memories = memories.map(\.1)
    self.device = device
    layer = descriptor.layer
  }

  deinit { arguments.deallocate() }

  /// Runs to the end: the results are there when it returns.
  func run() throws {
    let status = dnnl_primitive_execute(
      primitive.handle, device.stream, CInt(arguments.count), arguments.baseAddress)
    // Naming the layer may allocate: only for an error.
    if status != dnnl_success { try check(status, layer: layer) }
    try check(dnnl_stream_wait(device.stream))
  }
}

extension PreparedPrimitive {
  /// A change of layout or type.
  convenience init(
    reorderFrom source: (layout: MemoryDescriptor, address: UnsafeMutableRawPointer),
    to destination: (layout: MemoryDescriptor, address: UnsafeMutableRawPointer),
    device: KernelDevice, attributes: PrimitiveAttributes, layer: String
  ) throws {
    let descriptor = try PrimitiveDescriptor.reorder(
      source.layout, destination.layout, device, attributes, layer: layer)
    try self.init(
      descriptor,
      [
        (DNNL_ARG_FROM, source.layout, source.address),
        (DNNL_ARG_TO, destination.layout, destination.address),
      ], device: device)
  }
}
