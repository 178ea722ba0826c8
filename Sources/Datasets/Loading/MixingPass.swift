/// Copies a micro-batch's samples and mixes them on the way.
struct MixingPass {
  let format: SampleFormat
  let shape: SampleShape

  /// Bytes of one sample.
  var sampleBytes: Int { shape.count * format.elementBytes }

  /// Copies the samples of `source`, each mixed with its partner where both count, and tells `batch` the
  /// partners' labels and shares.
  ///
  /// - Shapes: `source` and `target` are `[batch.labels.count]` samples; they do not overlap.
  func run(
    _ mix: BatchMixing.Mix, batch: inout MicroBatch, from source: UnsafeRawPointer,
    into target: UnsafeMutableRawPointer
  ) {
    let count = batch.labels.count
    let share = mix.partnerShare(of: shape)
    for sample in 0..<count {
      let partner = batch.partner(of: sample)
      let isMixed = share > 0 && batch.weights[sample] > 0 && batch.weights[partner] > 0
      batch.partnerLabels[sample] = batch.labels[partner]
      batch.partnerShares[sample] = isMixed ? share : 0
      mixSample(
        isMixed ? mix : .none, source + sample * sampleBytes,
        partner: source + partner * sampleBytes,
        into: target + sample * sampleBytes)
    }
  }

  private func mixSample(
    _ mix: BatchMixing.Mix, _ sample: UnsafeRawPointer, partner: UnsafeRawPointer,
    into target: UnsafeMutableRawPointer
  ) {
    if case .blend(let share) = mix { return blend(share, sample, partner, into: target) }
    target.copyMemory(from: sample, byteCount: sampleBytes)
    guard case .paste(let box) = mix else { return }
    format.forEachRow(of: box, in: shape) { bytes in
      (target + bytes.lowerBound).copyMemory(
        from: partner + bytes.lowerBound, byteCount: bytes.count)
    }
  }

  /// Blends in float32; bfloat16 is rounded once more.
  private func blend(
    _ share: Float, _ sample: UnsafeRawPointer, _ partner: UnsafeRawPointer,
    into target: UnsafeMutableRawPointer
  ) {
    switch format.element {
    case .float32:
      let (first, second) = (floats(sample), floats(partner))
      let blended = target.assumingMemoryBound(to: Float.self)
      for index in 0..<shape.count {
        blended[index] = first[index] + share * (second[index] - first[index])
      }
    case .bfloat16:
      let first = sample.assumingMemoryBound(to: BFloat16.self)
      let second = partner.assumingMemoryBound(to: BFloat16.self)
      let blended = target.assumingMemoryBound(to: BFloat16.self)
      for index in 0..<shape.count {
        let value = first[index].float
        blended[index] = BFloat16(rounding: value + share * (second[index].float - value))
      }
    }
  }

  private func floats(_ bytes: UnsafeRawPointer) -> UnsafePointer<Float> {
    bytes.assumingMemoryBound(to: Float.self)
  }
}

/// The upper half of a float32.
struct BFloat16 {
  private var bits: UInt16

  /// Rounds a finite number to nearest, ties to even.
  init(rounding value: Float) {
    let bits = value.bitPattern
    self.bits = UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
  }

  var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}
