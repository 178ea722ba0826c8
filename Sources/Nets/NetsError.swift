import COneDNN

/// What can go wrong while a network is described, planned or run.
public enum NetsError: Error, Equatable, CustomStringConvertible {
  /// A oneDNN call returned a status other than success.
  case kernel(function: String, status: String, layer: String)
  /// An operation cannot take inputs of these shapes.
  case shape(layer: String, problem: String)
  /// A parameter has another shape in a weights file than in the model.
  case parameterShape(name: String, file: String, expected: [Int], found: [Int])
  /// A parameter of the model is not in a weights file.
  case missingParameter(name: String, file: String)
  /// A weights file holds a tensor that the model does not have.
  case unknownParameter(name: String, file: String)
  /// A tensor of a weights file has elements of a type that its use does not allow.
  case parameterType(name: String, file: String, found: TensorType, wanted: String)
  /// A number of batches in a weights file is none.
  case batchCount(name: String, file: String, found: Int)
  /// A tensor of a weights file holds NaN or an infinity.
  case parameterNotFinite(name: String, file: String, index: Int)
  /// A running variance of a weights file is negative.
  case negativeVariance(name: String, file: String, index: Int)
  /// A plan has no input or output of this name and type.
  case unknownArray(name: String, known: [String])
  /// There are no kernels for bfloat16 in the instruction set that they may use.
  case bfloat16Missing(instructionSet: String)
  /// The kernels cannot run on the number of threads that was asked for.
  case threads(requested: Int)
  /// A network, or a layer of it, that cannot be handed to other programs.
  case notExportable(layer: String, reason: String)
  /// Memory for a plan could not be had.
  case outOfMemory(bytes: Int, purpose: String)

  /// What went wrong, with the layer or tensor and, where there is one, the fix.
  public var description: String {
    switch self {
    case .kernel(let function, let status, let layer):
      "oneDNN: \(function) failed for \(layer): \(status)"
    case .shape(let layer, let problem):
      "layer \(layer): \(problem)"
    case .parameterShape(let name, let file, let expected, let found):
      "\(file): tensor \(name.debugDescription) has shape \(found), the model needs \(expected)"
    case .missingParameter(let name, let file):
      "\(file): tensor \(name.debugDescription) is missing; is this file of another model?"
    case .unknownParameter(let name, let file):
      "\(file): tensor \(name.debugDescription) is not part of the model; is this file of another model?"
    case .parameterType(let name, let file, let found, let wanted):
      "\(file): tensor \(name.debugDescription) has elements of type \(found.rawValue), not \(wanted)"
    case .batchCount(let name, let file, let found):
      "\(file): tensor \(name.debugDescription) counts batches, and \(found) is no count; is the file damaged?"
    case .parameterNotFinite(let name, let file, let index):
      "\(file): tensor \(name.debugDescription) is not finite at element \(index); use weights of an earlier step"
    case .negativeVariance(let name, let file, let index):
      "\(file): tensor \(name.debugDescription) is a variance and negative at element \(index); is the file damaged?"
    case .unknownArray(let name, let known):
      "the network has no array \(name.debugDescription) of this kind; it has \(known.joined(separator: ", "))"
    case .bfloat16Missing(let instructionSet):
      "precision bf16: its kernels need AVX-512, and have \(instructionSet) here; use precision f32"
    case .threads(let requested):
      "threads: \(requested): OpenMP does not give kernels so many; use threads >= 1, unset "
        + "OMP_THREAD_LIMIT, and use a oneDNN that was built for OpenMP"
    case .notExportable(let layer, let reason):
      "\(layer): \(reason)"
    case .outOfMemory(let bytes, let purpose):
      "no memory for \(purpose) (\(bytes >> 20) MiB): use a smaller batch.micro"
    }
  }
}

/// Throws unless `status` is success: the one place where oneDNN's return codes become errors.
func check(
  _ status: dnnl_status_t, layer: @autoclosure () -> String = "the engine",
  function: StaticString = #function
) throws {
  guard status != dnnl_success else { return }
  let text: String
  switch status {
  case dnnl_out_of_memory: text = "out of memory"
  case dnnl_invalid_arguments: text = "invalid arguments"
  case dnnl_unimplemented: text = "not implemented for these shapes on this processor"
  case dnnl_runtime_error: text = "runtime error"
  default: text = "status \(status.rawValue)"
  }
  throw NetsError.kernel(function: "\(function)", status: text, layer: layer())
}
