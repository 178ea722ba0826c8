import COneDNN
import TestSupport
import Testing

@testable import Nets

// What a test needs of the processor, or of what DNNL_MAX_CPU_ISA leaves of it.

extension Trait where Self == ConditionTrait {
  /// For tests in bfloat16 alone; those in either precision run in `Precision.computable`.
  static var needsBFloat16: Self {
    .enabled(if: Precision.computable.contains(.bf16), "there are no kernels for bfloat16 here")
  }

  /// For tests of how plans fit together: with less, oneDNN mixes layouts within a network.
  static var needsAVX512: Self {
    .enabled(if: Engine.allows(dnnl_cpu_isa_avx512_core), "kernels have no AVX-512 here")
  }
}
