import Foundation

@testable import Nets
@testable import Trainer

extension FuzzTarget {
  /// Files as they are, and with the length of their header made right.
  static var safetensors: FuzzTarget {
    let (file, copy) = (ScratchFile("a.safetensors"), ScratchFile("b.safetensors"))
    func content(_ header: String, _ data: [UInt8]) -> [UInt8] {
      [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + header.bytes + data
    }
    return FuzzTarget(
      "safetensors",
      seeds: [
        content(
          #"{"a.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"#
            + #""b":{"dtype":"I64","shape":[],"data_offsets":[8,16]}}"#,
          [UInt8](repeating: 7, count: 16)),
        content(
          #"{"__metadata__":{"format":"pt","\u00e9\n":"\ud83d\ude00"},"#
            + #" "c" : {"shape":[3],"data_offsets":[0,6],"dtype":"BF16"}} "#, [1, 2, 3, 4, 5, 6]),
        content("{}", []),
      ],
      declares: { $0 is WeightsError }
    ) { bytes in
      for content in [bytes, withRightHeaderLength(bytes)] {
        file.write(content)
        guard let reader = try? SafetensorsReader(path: file.path) else { continue }
        let tensors = try reader.tensors()
        require(tensors.map(\.name) == reader.names, "tensors and names")
        let sum = tensors.reduce(0) { $0 + $1.bytes.count }
        require(sum <= content.count, "\(sum) bytes of \(content.count)")
        try Safetensors.write(tensors, metadata: reader.metadata, to: copy.path)
        let again = try SafetensorsReader(path: copy.path)
        require(again.metadata == reader.metadata, "other metadata when written and read again")
        for tensor in tensors {
          require(try again.tensor(tensor.name) == tensor, "another tensor when read again")
        }
      }
      file.write(bytes)
      _ = try SafetensorsReader(path: file.path)
    }
  }

  /// The same bytes as the manifest of a checkpoint and as its state.
  static var checkpoint: FuzzTarget {
    let manifest = ScratchFile(CheckpointManifest.fileName)
    let state = FileManager.default
    let path = "\(manifest.folder)/\(CheckpointStore.stateFile)"
    let entry = #"{"bytes":3,"name":"state.json","sha256":"00"}"#
    return FuzzTarget(
      "checkpoint",
      seeds: [
        #"{"files":[\#(entry)],"formatVersion":1}"#,
        #"{"formatVersion":2,"step":7,"epoch":0.5,"isEvaluated":true,"best":{"score":1,"step":3},"#
          + #""skippedSamples":[1,2],"microBatches":4,"engine":{"library":"a","#
          + #""instructionSet":"b","threads":1,"kernelRevision":1},"trainingData":"c","#
          + #""configuration":{"seed":"1"}}"#,
      ].map(\.bytes),
      declares: { $0 is TrainerError }
    ) { bytes in
      manifest.write(bytes)
      state.createFile(atPath: path, contents: Data(bytes))
      _ = try? CheckpointStore.load(manifest.folder)
      if let read = try? CheckpointManifest(readingFrom: manifest.folder) {
        // Files of other folders are not this checkpoint's, and may be without an end.
        let names = read.files.map(\.name)
        if names.allSatisfy({ !$0.contains("..") }) { try? read.verify(manifest.folder) }
      }
      let checkpoint = try CheckpointStore.loadWithoutVerifying(manifest.folder)
      require(checkpoint.state.differences(to: checkpoint.state).isEmpty, "differs from itself")
      require(!checkpoint.state.engine.summary.isEmpty, "no engine")
    }
  }

  static var metrics: FuzzTarget {
    let folder = ScratchFile("metrics").folder
    let path = "\(folder)/metrics.jsonl"
    return FuzzTarget(
      "metrics",
      seeds: [
        #"{"step":1,"split":"train","loss":1}"# + "\n"
          + #"{"step":1,"split":"validation","accuracy":0.5}"# + "\n" + #"{"step":2,"spl"#
      ].map(\.bytes),
      declares: { $0 is TrainerError }
    ) { bytes in
      // By name, because the file is replaced where lines are removed.
      FileManager.default.createFile(atPath: path, contents: Data(bytes))
      func kept() throws -> Data? {
        _ = try MetricsFile(path: path, resumingAfter: 1, isEvaluated: false)
        return FileManager.default.contents(atPath: path)
      }
      let first = try kept()
      require(first?.last ?? 0x0A == 0x0A, "a torn line is kept")
      require(try kept() == first, "other lines the second time")
    }
  }
}

/// Puts the header's length where it should be: behind the last brace.
private func withRightHeaderLength(_ bytes: [UInt8]) -> [UInt8] {
  guard bytes.count > 8, let brace = bytes.lastIndex(of: UInt8(ascii: "}")), brace >= 8 else {
    return bytes
  }
  let length = UInt64(brace - 7)
  return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + bytes[8...]
}
