import CounterRandom
import Foundation
import Nets
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  @Test func whatPythonWroteIsRead() throws {
    let file = try Goldens("format")
    #expect(file.metadata == ["writér": "safetensors for Python ✓"])
    #expect(file.names.count == 11)
    #expect(try file.floats("f32") == [1.5, -2.25, 0, 3.0e38, .leastNonzeroMagnitude, 0])
    #expect(try file.floats("f32")[5].sign == .minus)
    #expect(try file.shape("f32") == [2, 3])
    #expect(try file.floats("bf16") == [1, -3.140625, 65280])
    #expect(try file.floats("f16") == [1, -0.33325195, 65504])
    #expect(try file.floats("f64") == [0.1, -.infinity])
    #expect(try file.tensor("i64").integers() == [1 << 62, -1])
    #expect(try file.tensor("i32").integers() == [7, -8])
    #expect(try file.tensor("u8").integers() == [0, 255, 3])
    #expect(try file.tensor("bool").integers() == [1, 0, 1])
    #expect(try file.floats("scalar") == [42])
    #expect(try file.shape("scalar") == [])
    #expect(try file.shape("empty") == [0, 3])
    #expect(try file.floats("a \"quoted\" \\ name\né😀") == [5])
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let tensors = try Safetensors.read(path: WeightsFile.goldenPath("format"))
    try WeightsFile.with([]) { path in
      let metadata = ["a\u{1}b": "line\nbreak", "empty": ""]
      try Safetensors.write(tensors, metadata: metadata, to: path, synchronise: true)
      let reader = try SafetensorsReader(path: path)
      #expect(reader.metadata == metadata)
      #expect(Set(reader.names) == Set(tensors.map(\.name)))
      for tensor in tensors { #expect(try reader.tensor(tensor.name) == tensor) }
    }
  }

  @Test func theSameTensorsInAnyOrderGiveTheSameBytes() throws {
    let tensors = try Safetensors.read(path: WeightsFile.goldenPath("format"))
    #expect(try bytes(of: tensors) == bytes(of: tensors.reversed()))
  }

  @Test func dataBeginsAtAMultipleOfEight() throws {
    for nameLength in 1...9 {
      let name = String(repeating: "n", count: nameLength)
      let written = try bytes(of: [Tensor(name: name, shape: [1], floats: [1])])
      #expect((written.count - 4) % 8 == 0)
    }
  }

  @Test func twoTensorsOfOneNameAreNotWritten() throws {
    let tensor = try Tensor(name: "t", shape: [1], floats: [1])
    try WeightsFile.with([]) { path in
      #expect(throws: WeightsError(file: path, tensor: "t", .duplicateName)) {
        try Safetensors.write([tensor, tensor], to: path)
      }
    }
  }

  @Test func aNameThatIsTooLongToBeReadIsNotWritten() throws {
    let names = [512, 513].map { String(repeating: "n", count: $0) }
    try WeightsFile.with([]) { path in
      try Safetensors.write([Tensor(name: names[0], shape: [1], floats: [1])], to: path)
      #expect(try Safetensors.read(path: path).map(\.name) == [names[0]])
      #expect(
        throws: WeightsError(file: path, tensor: names[1], .nameTooLong(bytes: 513, limit: 512))
      ) { try Safetensors.write([Tensor(name: names[1], shape: [1], floats: [1])], to: path) }
    }
  }

  @Test func aTensorChangedIntoAnImpossibleOneIsNotWritten() throws {
    var tensor = try Tensor(name: "t", shape: [1], floats: [1])
    tensor.shape = [3]
    try WeightsFile.with([]) { path in
      #expect(throws: WeightsError.self) { try Safetensors.write([tensor], to: path) }
    }
  }

  @Test func whatCannotBeOpenedIsNamed() throws {
    let missing = "/nonexistent/model.safetensors"
    let expected = WeightsError(
      file: missing, .system(call: "open", text: "No such file or directory"))
    #expect(throws: expected) { try Safetensors.read(path: missing) }
    #expect(expected.description == "\(missing): open failed: No such file or directory")
    #expect(throws: expected) { try Safetensors.write([Tensor](), to: missing) }
    #expect(throws: WeightsError.self) { try Safetensors.read(path: "/") }
  }

  @Test func aFileWithoutTensorsIsValid() throws {
    let tensors = try WeightsFile.with(WeightsFile.bytes("{}")) { try Safetensors.read(path: $0) }
    #expect(tensors.isEmpty)
  }

  private func bytes(of tensors: [Tensor]) throws -> [UInt8] {
    try WeightsFile.with([]) { path in
      try Safetensors.write(tensors, metadata: ["b": "1", "a": "2"], to: path)
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
  }
}
