import Nets

extension Precision {
  /// Those that there are kernels for here: all with AVX-512, else float32 alone.
  public static var computable: [Precision] {
    allCases.filter { $0 != .bf16 || Engine.capabilities.bfloat16 != .missing }
  }
}
