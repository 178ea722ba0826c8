import Foundation

@testable import Trainer

extension FuzzTarget {
  static var configuration: FuzzTarget {
    let file = ScratchFile("teacher.yaml")
    let written = ScratchFile("written.yaml")
    return FuzzTarget(
      "configuration",
      seeds: [
        "data:\n  root: a b\n  augmentation:\n    crop_scale: [0.7, 1]\n    flip: 0.5\nseed: 3\n"
          + "precision: bf16\nbatch:\n  global: 64\n  micro: 16\ntrain:\n  epochs: 8\n",
        "data: {root: 'x', workers: 2, on_error: fail}\nschedule:\n  warmup: 5 steps\n"
          + "checkpoint:\n  every: 2 epochs\n  keep: ~\noptimizer:\n  name: adamw\n"
          + "  learning_rate: 1e-3\n",
        "data:\n  root: \"a\\\"\\u0301b\\r\\n\\x01\\x7F\\x85\\u2028\\uFEFF\"\n",
        "data: &a\n  root: \"q\\n\\x41\"\nmodel: *a\n? b\n: c\n", "- 1\n", "--- !!map\n...\n---\n1",
      ].map(\.bytes),
      declares: { $0 is TrainerError }
    ) { bytes in
      file.write(bytes)
      let loaded = try TeacherConfiguration.load(file: file.path)
      requireSame(loaded.values, whenWrittenTo: written)
    }
  }

  /// Each line is an argument.
  static var overrides: FuzzTarget {
    let file = ScratchFile("teacher.yaml")
    file.write("data:\n  root: a\n".bytes)
    let written = ScratchFile("written.yaml")
    return FuzzTarget(
      "overrides",
      seeds: [
        "seed=3\ndata.root=/a/b c\nbatch.global=12\nbatch.micro=5\n",
        "data.augmentation.crop_scale=[0.5, 1]\nschedule.warmup=2 epochs\ntrain.epochs=1",
        "model.name=resnet18\noptimizer.name=sgd\noptimizer.momentum=0\nprecision=\"bf16\"\nx\n=1",
      ].map(\.bytes),
      declares: { $0 is TrainerError }
    ) { bytes in
      let arguments = bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
      let loaded = try TeacherConfiguration.load(file: file.path, overrides: arguments)
      requireSame(loaded.values, whenWrittenTo: written)
    }
  }
}

/// A run folder's configuration is the one that the run had.
private func requireSame(_ values: TeacherConfiguration, whenWrittenTo file: ScratchFile) {
  file.write(values.yaml().bytes)
  do {
    let again = try TeacherConfiguration.load(file: file.path).values
    require(again == values, "\(values.yaml())\nbecomes\n\(again.yaml())")
  } catch {
    require(false, "\(error)\nin what was written:\n\(values.yaml())")
  }
}
