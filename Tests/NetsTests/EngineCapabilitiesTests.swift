import COneDNN
import TestSupport
import Testing

@testable import Nets

@Suite struct EngineCapabilitiesTests {
  @Test(arguments: [
    (dnnl_cpu_isa_sse41, BFloat16Support.missing, false),
    (dnnl_cpu_isa_avx, .missing, false), (dnnl_cpu_isa_avx2, .missing, true),
    (dnnl_cpu_isa_avx512_core, .emulated, true), (dnnl_cpu_isa_avx512_core_vnni, .emulated, true),
    (dnnl_cpu_isa_avx512_core_bf16, .native, true), (dnnl_cpu_isa_avx512_core_amx, .native, true),
    // Another processor than x86.
    (dnnl_cpu_isa_t(rawValue: 0), .native, true),
  ])
  func capabilitiesFollowTheInstructionSet(
    isa: dnnl_cpu_isa_t, bfloat16: BFloat16Support, hasAVX2: Bool
  ) {
    // Everything with AVX-512 computes bfloat16 somehow.
    let expected = EngineCapabilities(
      bfloat16: bfloat16, hasAVX2: hasAVX2, hasAVX512: bfloat16 != .missing)
    #expect(EngineCapabilities(effective: isa) == expected)
  }

  /// What is said of this processor is so: a plan in bfloat16 is refused by us or made by oneDNN.
  @Test func aPlanWithoutKernelsForItIsRefused() throws {
    var network = try ResNet(block: .basic, depths: [1], widths: [16])
      .network(classes: 8, imageSize: 32)
    try network.addClassificationLoss()
    let graph = network.graph
    let isMissing = Engine.capabilities.bfloat16 == .missing
    do {
      _ = try TrainingPlan(graph: graph, microBatch: 2, precision: .bf16, gradientSlots: 1)
      #expect(!isMissing)
    } catch NetsError.bfloat16Missing(let set) {
      #expect(isMissing)
      #expect(set == Engine.identity(threads: 1).instructionSet)
    }
  }
}
