import CKernelThreads
import COneDNN

/// Number format of activations and of the weights that kernels read.
///
/// Master weights, statistics, losses and gradients of weights are float32 in either case.
public enum Precision: String, Sendable, CaseIterable, Codable {
  case f32
  case bf16

  var dataType: dnnl_data_type_t { self == .f32 ? dnnl_f32 : dnnl_bf16 }
}

/// What the bits of a result depend on besides its inputs.
public struct EngineIdentity: Codable, Equatable, Sendable {
  /// Kernel library and version with the revision of our own kernels, for example
  /// `oneDNN 2.6.3, kernels 4`.
  public var library: String
  /// Effective instruction set of the kernels, for example `avx512_core_bf16`.
  public var instructionSet: String
  /// Threads that share a kernel's work.
  public var threads: Int

  /// An identity read back from a checkpoint or gathered from another rank.
  public init(library: String, instructionSet: String, threads: Int) {
    self.library = library
    self.instructionSet = instructionSet
    self.threads = threads
  }
}

/// The kernels' process-wide settings.
public enum Engine {
  /// Sets how many threads share a kernel's work.
  ///
  /// Call it once, before any plan is built, on the thread that builds and runs the plans: OpenMP
  /// keeps the number, and a team of threads, per calling thread.
  ///
  /// - Throws: `NetsError.threads` where the number cannot be set.
  public static func configure(threads: Int) throws {
    guard threads > 0, let count = CInt(exactly: threads),
      dnnl_version().pointee.cpu_runtime == DNNL_RUNTIME_OMP, aver_set_kernel_threads(count)
    else {
      throw NetsError.threads(requested: threads)
    }
    // The environment may have loosened float32 arithmetic (DNNL_DEFAULT_FPMATH_MODE); bits must
    // not depend on that.
    try check(dnnl_set_default_fpmath_mode(dnnl_fpmath_mode_strict))
  }

  /// Library and instruction set in effect, with the number of threads that `configure` was given.
  public static func identity(threads: Int) -> EngineIdentity {
    let version = dnnl_version().pointee
    return EngineIdentity(
      library: "oneDNN \(version.major).\(version.minor).\(version.patch), "
        + "kernels \(kernelRevision)",
      instructionSet: name(of: dnnl_get_effective_cpu_isa()), threads: threads)
  }

  /// Raised with every change that gives a kernel of ours other bits, or other work to do.
  private static let kernelRevision = 6

  /// Whether kernels may use instructions up to those of `isa`, which oneDNN's environment can
  /// restrict below what the processor has.
  static func allows(_ isa: dnnl_cpu_isa_t) -> Bool {
    dnnl_get_effective_cpu_isa().rawValue & isa.rawValue == isa.rawValue
  }

  private static func name(of isa: dnnl_cpu_isa_t) -> String {
    switch isa {
    case dnnl_cpu_isa_sse41: "sse41"
    case dnnl_cpu_isa_avx: "avx"
    case dnnl_cpu_isa_avx2: "avx2"
    case dnnl_cpu_isa_avx512_core: "avx512_core"
    case dnnl_cpu_isa_avx512_core_vnni: "avx512_core_vnni"
    case dnnl_cpu_isa_avx512_core_bf16: "avx512_core_bf16"
    case dnnl_cpu_isa_avx512_core_amx: "avx512_core_amx"
    default: "isa_\(String(isa.rawValue, radix: 16))"
    }
  }
}

/// One CPU engine with one stream: the device that plans are compiled for and run on.
final class KernelDevice {
  let engine: dnnl_engine_t
  let stream: dnnl_stream_t

  init() throws {
    var engine: dnnl_engine_t?
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0))
    guard let engine else { throw NetsError.kernel(function: "init", status: "null", layer: "") }
    var stream: dnnl_stream_t?
    let status = dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_in_order.rawValue))
    guard status == dnnl_success, let stream else {
      dnnl_engine_destroy(engine)
      throw NetsError.kernel(function: "init", status: "no stream", layer: "the engine")
    }
    self.engine = engine
    self.stream = stream
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(engine)
  }
}
