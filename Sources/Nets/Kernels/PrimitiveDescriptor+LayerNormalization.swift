import COneDNN

extension PrimitiveDescriptor {
  static func layerNormalizationForward(
    data: MemoryDescriptor, statistics: MemoryDescriptor, epsilon: Float, flags: UInt32,
    _ builder: PlanBuilder, layer: String
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor(layer: layer) {
      aver_layer_normalization_forward(
        $0, builder.device.engine, builder.forwardKind, data.handle, statistics.handle, epsilon,
        flags, builder.attributes.handle)
    }
  }

  static func layerNormalizationBackward(
    data: MemoryDescriptor, statistics: MemoryDescriptor, epsilon: Float, flags: UInt32,
    forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor(layer: forward.layer) {
      aver_layer_normalization_backward(
        $0, builder.device.engine, data.handle, statistics.handle, epsilon, flags,
        forward.handle, builder.attributes.handle)
    }
  }
}
