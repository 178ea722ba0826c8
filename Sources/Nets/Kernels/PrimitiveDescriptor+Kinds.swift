import COneDNN

// One function per kind of primitive: Swift names and types in front of the shim's C functions.

extension PrimitiveDescriptor {
  static func convolutionForward(
    source: MemoryDescriptor, weights: MemoryDescriptor, bias: MemoryDescriptor?,
    destination: MemoryDescriptor, window: Window, attributes: PrimitiveAttributes? = nil,
    _ builder: PlanBuilder, layer: String
  ) throws -> PrimitiveDescriptor {
    var native = window.native
    let attributes = attributes ?? builder.attributes
    return try PrimitiveDescriptor(layer: layer) {
      aver_convolution_forward(
        $0, builder.device.engine, builder.forwardKind, source.handle, weights.handle,
        bias?.handle, destination.handle, &native, attributes.handle)
    }
  }

  static func convolutionBackwardData(
    sourceGradient: MemoryDescriptor, weights: MemoryDescriptor,
    destinationGradient: MemoryDescriptor, window: Window, forward: PrimitiveDescriptor,
    _ builder: PlanBuilder
  ) throws -> PrimitiveDescriptor {
    var native = window.native
    return try PrimitiveDescriptor(layer: forward.layer) {
      aver_convolution_backward_data(
        $0, builder.device.engine, sourceGradient.handle, weights.handle,
        destinationGradient.handle, &native, forward.handle, builder.attributes.handle)
    }
  }

  static func convolutionBackwardWeights(
    source: MemoryDescriptor, weightsGradient: MemoryDescriptor, biasGradient: MemoryDescriptor?,
    destinationGradient: MemoryDescriptor, window: Window, forward: PrimitiveDescriptor,
    _ builder: PlanBuilder
  ) throws -> PrimitiveDescriptor {
    var native = window.native
    return try PrimitiveDescriptor(layer: forward.layer) {
      aver_convolution_backward_weights(
        $0, builder.device.engine, source.handle, weightsGradient.handle, biasGradient?.handle,
        destinationGradient.handle, &native, forward.handle, builder.attributes.handle)
    }
  }

  static func batchNormalizationForward(
    data: MemoryDescriptor, epsilon: Float, flags: UInt32, _ builder: PlanBuilder, layer: String
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor(layer: layer) {
      aver_batch_normalization_forward(
        $0, builder.device.engine, builder.forwardKind, data.handle, epsilon, flags,
        builder.attributes.handle)
    }
  }

  static func batchNormalizationBackward(
    dataGradient: MemoryDescriptor, data: MemoryDescriptor, epsilon: Float, flags: UInt32,
    forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor(layer: forward.layer) {
      aver_batch_normalization_backward(
        $0, builder.device.engine, dataGradient.handle, data.handle, epsilon, flags,
        forward.handle, builder.attributes.handle)
    }
  }

  static func poolingForward(
    _ algorithm: dnnl_alg_kind_t, source: MemoryDescriptor, destination: MemoryDescriptor,
    window: aver_window_t, _ builder: PlanBuilder, layer: String
  ) throws -> PrimitiveDescriptor {
    var window = window
    return try PrimitiveDescriptor(layer: layer) {
      aver_pooling_forward(
        $0, builder.device.engine, builder.forwardKind, algorithm, source.handle,
        destination.handle, &window, builder.attributes.handle)
    }
  }

  static func poolingBackward(
    _ algorithm: dnnl_alg_kind_t, sourceGradient: MemoryDescriptor,
    destinationGradient: MemoryDescriptor, window: aver_window_t, forward: PrimitiveDescriptor,
    _ builder: PlanBuilder
  ) throws -> PrimitiveDescriptor {
    var window = window
    return try PrimitiveDescriptor(layer: forward.layer) {
      aver_pooling_backward(
        $0, builder.device.engine, algorithm, sourceGradient.handle, destinationGradient.handle,
        &window, forward.handle, builder.attributes.handle)
    }
  }

  static func innerProductForward(
    source: MemoryDescriptor, weights: MemoryDescriptor, bias: MemoryDescriptor,
    destination: MemoryDescriptor, attributes: PrimitiveAttributes? = nil,
    _ builder: PlanBuilder, layer: String
  ) throws -> PrimitiveDescriptor {
    let attributes = attributes ?? builder.attributes
    return try PrimitiveDescriptor(layer: layer) {
      aver_inner_product_forward(
        $0, builder.device.engine, builder.forwardKind, source.handle, weights.handle,
        bias.handle, destination.handle, attributes.handle)
    }
  }

  static func innerProductBackwardData(
    sourceGradient: MemoryDescriptor, weights: MemoryDescriptor,
    destinationGradient: MemoryDescriptor, forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor(layer: forward.layer) {
      aver_inner_product_backward_data(
        $0, builder.device.engine, sourceGradient.handle, weights.handle,
        destinationGradient.handle, forward.handle, builder.attributes.handle)
    }
  }

  static func innerProductBackwardWeights(
    source: MemoryDescriptor, weightsGradient: MemoryDescriptor, biasGradient: MemoryDescriptor,
    destinationGradient: MemoryDescriptor, forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor(layer: forward.layer) {
      aver_inner_product_backward_weights(
        $0, builder.device.engine, source.handle, weightsGradient.handle, biasGradient.handle,
        destinationGradient.handle, forward.handle, builder.attributes.handle)
    }
  }

  static func addition(
    _ left: MemoryDescriptor, _ right: MemoryDescriptor, _ destination: MemoryDescriptor,
    _ attributes: PrimitiveAttributes, _ builder: PlanBuilder, layer: String
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor(layer: layer) {
      aver_addition(
        $0, builder.device.engine, left.handle, right.handle, destination.handle,
        attributes.handle)
    }
  }

  static func elementwiseForward(
    _ function: aver_function_t, _ data: MemoryDescriptor, _ builder: PlanBuilder, layer: String
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor(layer: layer) {
      aver_elementwise_forward(
        $0, builder.device.engine, builder.forwardKind, function, data.handle,
        builder.attributes.handle)
    }
  }

  static func elementwiseBackward(
    _ function: aver_function_t, dataGradient: MemoryDescriptor, data: MemoryDescriptor,
    forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor(layer: forward.layer) {
      aver_elementwise_backward(
        $0, builder.device.engine, function, dataGradient.handle, data.handle, forward.handle,
        builder.attributes.handle)
    }
  }

  static func reorder(
    _ source: MemoryDescriptor, _ destination: MemoryDescriptor, _ builder: PlanBuilder,
    layer: String
  ) throws -> PrimitiveDescriptor {
    try reorder(source, destination, builder.device, builder.attributes, layer: layer)
  }

  static func reorder(
    _ source: MemoryDescriptor, _ destination: MemoryDescriptor, _ device: KernelDevice,
    _ attributes: PrimitiveAttributes, layer: String
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor(layer: layer) {
      aver_reorder($0, device.engine, source.handle, destination.handle, attributes.handle)
    }
  }
}

extension PlanBuilder {
  /// oneDNN's propagation kind of forward primitives.
  var forwardKind: dnnl_prop_kind_t {
    isLearning ? dnnl_forward_training : dnnl_forward_inference
  }
}
