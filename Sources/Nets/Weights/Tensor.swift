/// Element types of a stored tensor; raw values are safetensors' names.
public enum TensorType: String, Sendable {
  case f32 = "F32"
  case bf16 = "BF16"
  case f16 = "F16"
  case f64 = "F64"
  case i64 = "I64"
  case i32 = "I32"
  case u8 = "U8"
  case bool = "BOOL"
}

/// A named array in memory, as weights files hold them: row-major, little-endian.
public struct Tensor: Sendable, Equatable {
  public var name: String
  public var type: TensorType
  public var shape: [Int]
  public var bytes: [UInt8]
}
