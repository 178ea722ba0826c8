import COneDNN

/// How kernels compute bfloat16.
public enum BFloat16Support: String, Codable, Sendable {
  /// With the processor's instructions for it.
  case native
  /// In float32, converting in between: slower than float32 itself.
  case emulated
  /// Not at all.
  case missing
}

/// What the kernels make of the processor, as far as DNNL_MAX_CPU_ISA lets them.
public struct EngineCapabilities: Codable, Equatable, Sendable {
  /// How bfloat16 is computed, in training.
  public var bfloat16: BFloat16Support
  /// Whether vectors of 32 bytes are used; without, most kernels are reference code.
  public var hasAVX2: Bool

  /// Whether vectors of 64 bytes are used; Winograd's convolutions need them.
  public var hasAVX512: Bool

  /// Capabilities from their parts.
  public init(bfloat16: BFloat16Support, hasAVX2: Bool, hasAVX512: Bool) {
    self.bfloat16 = bfloat16
    self.hasAVX2 = hasAVX2
    self.hasAVX512 = hasAVX512
  }

  /// What oneDNN makes of `isa`: it trains in bfloat16 from AVX-512 on. Other processors than x86
  /// have no such levels (0); there, nothing is known against them.
  init(effective isa: dnnl_cpu_isa_t) {
    func has(_ needed: dnnl_cpu_isa_t) -> Bool {
      isa.rawValue == 0 || isa.rawValue & needed.rawValue == needed.rawValue
    }
    bfloat16 =
      has(dnnl_cpu_isa_avx512_core_bf16)
      ? .native : has(dnnl_cpu_isa_avx512_core) ? .emulated : .missing
    hasAVX2 = has(dnnl_cpu_isa_avx2)
    hasAVX512 = has(dnnl_cpu_isa_avx512_core)
  }
}

extension Engine {
  /// What the kernels in this process can do.
  public static var capabilities: EngineCapabilities {
    EngineCapabilities(effective: dnnl_get_effective_cpu_isa())
  }
}
