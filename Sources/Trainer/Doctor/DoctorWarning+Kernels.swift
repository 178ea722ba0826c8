import Nets

extension DoctorWarning {
  /// What training in `precision` loses by the kernels of `host`; a pure function of them.
  ///
  /// - Source: of the figures, benchmarks/results/instruction-sets.md.
  static func kernels(
    _ capabilities: EngineCapabilities, host: String, precision: Precision
  ) -> [DoctorWarning] {
    var warnings: [DoctorWarning] = []
    if !capabilities.hasAVX2 {
      warnings.append(
        .init(
          .vectorsWithoutAVX2,
          "\(host): kernels have no AVX2: training takes 2 to 4 times as long as with it",
          fix: "use a newer processor, or \(unrestricted)"))
    } else if !capabilities.hasAVX512 {
      warnings.append(
        .init(
          .vectorsWithoutAVX512,
          "\(host): kernels have no AVX-512: training takes 1.3 to 1.8 times as long as with it",
          fix: "use a processor that has it, or \(unrestricted)"))
    }
    switch capabilities.bfloat16 {
    case .emulated where precision == .bf16:
      let finding = """
        \(host): bfloat16 is emulated (kernels have no AVX512_BF16, no AMX): precision bf16 takes 2 to \
        4 times as long as f32
        """
      warnings.append(
        .init(.bfloat16WithoutHardware, finding, fix: "use precision f32, or \(unrestricted)"))
    case .missing where precision == .bf16:
      warnings.append(
        .init(
          .bfloat16Missing,
          "\(host): kernels have no AVX-512: precision bf16 is impossible",
          fix: "use precision f32, or \(unrestricted)"))
    case .native, .emulated, .missing: break
    }
    return warnings
  }

  private static let unrestricted = "unset DNNL_MAX_CPU_ISA where that is what restricts them"
}

extension Job {
  /// What computing in `precision` loses by the kernels of this host; rank 0 tells, for all ranks
  /// compute alike or have been told that they do not.
  func slowKernels(precision: Precision) -> [String] {
    guard isRankZero else { return [] }
    return DoctorWarning.kernels(
      Engine.capabilities, host: communicator.hostName, precision: precision
    ).map { "\($0.finding); \($0.fix)" }
  }

  /// Says it on the standard error.
  func warnOfSlowKernels(precision: Precision) {
    for text in slowKernels(precision: precision) { Self.printError("warning: \(text)") }
  }
}
