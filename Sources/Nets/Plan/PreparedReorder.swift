import COneDNN

/// A change of layout or type outside of a plan's steps, between two fixed addresses.
final class PreparedReorder {
  private let device: KernelDevice
  private let primitive: Primitive
  private let memories: [MemoryObject]
  private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>
  private let scratchpad: AlignedMemory?
  private let layer: String

  init(
    from source: (layout: MemoryDescriptor, address: UnsafeMutableRawPointer),
    to destination: (layout: MemoryDescriptor, address: UnsafeMutableRawPointer),
    device: KernelDevice, attributes: PrimitiveAttributes, layer: String
  ) throws {
    let descriptor = try PrimitiveDescriptor.reorder(
      source.layout, destination.layout, device, attributes, layer: layer)
    var memories = [
      (DNNL_ARG_FROM, try MemoryObject(source.layout, at: source.address, device: device)),
      (DNNL_ARG_TO, try MemoryObject(destination.layout, at: destination.address, device: device)),
    ]
    scratchpad = try descriptor.optionalLayout(dnnl_query_scratchpad_md).map { layout in
      let memory = try AlignedMemory(byteCount: layout.byteCount, purpose: "a reorder")
      memories.append(
        (DNNL_ARG_SCRATCHPAD, try MemoryObject(layout, at: memory.address, device: device)))
      return memory
    }
    primitive = try Primitive(descriptor)
    arguments = .allocate(capacity: memories.count)
    for (index, (key, memory)) in memories.enumerated() {
      arguments.initializeElement(at: index, to: dnnl_exec_arg_t(arg: key, memory: memory.handle))
    }
    self.memories = memories.map(\.1)
    self.device = device
    self.layer = layer
  }

  deinit { arguments.deallocate() }

  func run() throws {
    let status = dnnl_primitive_execute(
      primitive.handle, device.stream, CInt(arguments.count), arguments.baseAddress)
    // Naming the layer may allocate: only for an error.
    if status != dnnl_success { try check(status, layer: layer) }
    try check(dnnl_stream_wait(device.stream))
  }
}
