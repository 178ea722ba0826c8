import Foundation
import Testing

extension EndToEnd {
  /// What the trainer refuses, with which code and in which words.
  @Suite("Refusals")
  struct RefusalTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    private func refuse(
      _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:],
      status: Int32, _ words: String...,
      location: SourceLocation = #_sourceLocation
    ) throws {
      let outcome = try laboratory.run(
        "aver-train", ranks: ranks, environment: environment, arguments)
      #expect(outcome.status == status, "\(outcome.errors)", sourceLocation: location)
      for word in words {
        #expect(
          outcome.ownErrors.contains(word), "\(outcome.ownErrors)", sourceLocation: location)
      }
    }

    @Test("a wrong command line exits 64")
    func commandLine() throws {
      try refuse(["teacher"], status: 64, "--config")
      try refuse(["nonsense"], status: 64, "nonsense")
      try refuse(
        ["teacher", "--config", "tiny.yaml", "--resume", "auto"], status: 64, "--resume auto needs")
    }

    @Test("a wrong configuration exits 64 with file and line")
    func configuration() throws {
      try refuse(["teacher", "--config", "absent.yaml"], status: 64, "absent.yaml: cannot be read")
      try refuse(
        ["teacher", "--config", "tiny.yaml", "batch.micr=8"], status: 64,
        "argument 'batch.micr=8': batch.micr: unknown key; did you mean 'batch.micro'?")
      try refuse(
        ["teacher", "--config", "tiny.yaml", "batch.global=4096", "--run", "too-large"], status: 64,
        "argument 'batch.global=4096': batch.global: a step takes 4096 labelled faces, and an epoch "
          + "has 160; 160 is the largest that fits")
    }

    @Test("bfloat16 without kernels for it exits 64 with file and line")
    func bfloat16() throws {
      let restricted = ["DNNL_MAX_CPU_ISA": "AVX2"]
      try refuse(
        ["teacher", "--config", "tiny.yaml", "precision=bf16", "--run", "bf16"],
        environment: restricted, status: 64,
        "argument 'precision=bf16': precision: bf16 needs kernels with AVX-512, and they have avx2")
      try refuse(
        ["benchmark", "step", "--image-size", "32", "--precision", "bf16"],
        environment: restricted, status: 64, "precision bf16: its kernels need AVX-512")
    }

    @Test("a number of ranks that does not fit exits 64 and names those that do, once")
    func ranks() throws {
      let arguments = ["teacher", "--config", "tiny.yaml", "--run", "three"]
      let outcome = try laboratory.run("aver-train", ranks: 3, arguments)
      #expect(outcome.status == 64)
      #expect(outcome.ownErrors.contains("tiny.yaml:10: batch.global: 3 ranks"))
      #expect(outcome.ownErrors.components(separatedBy: "1, 2, 4").count == 2)
      for benchmark in [["allreduce", "--bytes", "1000"], ["step", "--image-size", "32"]] {
        let refused = try laboratory.run("aver-train", ranks: 3, ["benchmark"] + benchmark)
        #expect(refused.status == 64, "\(refused.errors)")
        #expect(!refused.errors.contains("MPI_ABORT"), "\(refused.errors)")
      }
    }

    @Test("missing data exits 65 and names the key")
    func missingData() throws {
      let arguments = ["teacher", "--config", "tiny.yaml"]
      try refuse(
        arguments + ["data.root=nowhere"], ranks: 2, status: 65,
        "data.root: 'nowhere' does not exist")
      try refuse(
        arguments + ["data.train=no.csv"], status: 65,
        "data.train: 'corpus/affectnet/no.csv' does not exist")
    }

    @Test("a folder that holds a run is refused, and so is a changed configuration")
    func runFolder() throws {
      try laboratory.train("used", ["train.max_steps=2"])
      let arguments = ["teacher", "--config", "tiny.yaml", "--run", "used"]
      try refuse(arguments, status: 64, "used holds a run already", "--resume auto")
      try refuse(
        arguments + ["--resume", "auto", "train.max_steps=2", "seed=6"], status: 64, "seed: 5 -> 6")
      try refuse(
        ["teacher", "--config", "tiny.yaml", "--run", "other", "--resume", "used/nothing"],
        status: 65, "used/nothing: there is no such folder")
    }

    @Test("a folder that holds another run than the checkpoint's is refused and left as it is")
    func otherRun() throws {
      for run in ["first-run", "second-run"] { try laboratory.train(run, ["train.max_steps=2"]) }
      let before = try laboratory.finalModel("second-run")
      let arguments = [
        "teacher", "--config", "tiny.yaml", "--run", "second-run", "train.max_steps=2",
        "--resume", "first-run/checkpoints/step-00000002",
      ]
      try refuse(arguments, ranks: 2, status: 64, "second-run holds another run than first-run")
      #expect(try laboratory.finalModel("second-run") == before)
    }

    @Test("results that cannot be printed are a failure, progress that cannot be is none")
    func fullOutput() throws {
      let printed = try laboratory.run(
        "aver-train", output: "/dev/full", ["benchmark", "allreduce", "--bytes", "1000"])
      #expect(printed.status == 70)
      #expect(printed.errors.contains("standard output: write failed: No space left on device"))
      let doctor = try laboratory.run("aver", output: "/dev/full", ["doctor"])
      #expect(doctor.status == 70, "\(doctor.errors)")
      let training = try laboratory.run(
        "aver-train", output: "/dev/full",
        ["teacher", "--config", "tiny.yaml", "--run", "silent", "train.max_steps=2"])
      #expect(training.status == 0, "\(training.errors)")
    }

    @Test("sizes that no machine serves exit 64 and name the bounds")
    func absurdSizes() throws {
      try refuse(
        ["benchmark", "allreduce", "--bytes", "99999999999999"], status: 64, "--bytes must be from")
      try refuse(
        ["benchmark", "step", "--image-size", "1000000"], status: 64,
        "--image-size must be from 32 to 1024, not 1000000")
      try refuse(
        ["benchmark", "step", "--batch-per-rank", "65536", "--image-size", "1024"], status: 70,
        "no memory for activations")
    }

    @Test("a network that hears is not given images")
    func hearingNetworks() throws {
      try refuse(
        ["benchmark", "step", "--model", "vggish", "--image-size", "64"], status: 64,
        "leave --image-size out")
      try refuse(
        ["teacher", "--config", "tiny.yaml", "model.name=vggish"], status: 64,
        "model.name: must be a network that sees images, is vggish")
    }

    @Test("a folder that cannot hold a run exits 64 and says why")
    func unusableFolder() throws {
      try Data("a file".utf8).write(to: URL(fileURLWithPath: "\(laboratory.folder)/a-file"))
      try refuse(
        ["teacher", "--config", "tiny.yaml", "--run", "a-file/run"], ranks: 2, status: 64,
        "a-file/run: cannot be the run folder (mkdir a-file/run/logs: Not a directory)", "--run")
    }

    @Test("an empty list exits 65 and says that it is empty")
    func emptyList() throws {
      let path = "\(laboratory.folder)/corpus/affectnet/empty.csv"
      try Data().write(to: URL(fileURLWithPath: path))
      try refuse(
        ["teacher", "--config", "tiny.yaml", "--run", "empty", "data.train=empty.csv"], status: 65,
        "corpus/affectnet/empty.csv: is empty; the first line has to name the columns")
    }

    @Test("weights that are truncated, foreign or not finite are refused by name")
    func startWeights() throws {
      try laboratory.train("source", ["train.max_steps=1", "schedule.warmup=0 steps"])
      let model = try laboratory.finalModel("source")
      func write(_ name: String, _ data: Data) throws -> String {
        try data.write(to: URL(fileURLWithPath: "\(laboratory.folder)/\(name)"))
        return name
      }
      func start(_ weights: String) -> [String] {
        [
          "teacher", "--config", "tiny.yaml", "--run", "from-\(weights)",
          "model.weights=\(weights)",
        ]
      }
      let truncated = try write("truncated.safetensors", model.dropLast(1000))
      try refuse(start(truncated), ranks: 2, status: 65, "truncated.safetensors")
      let header = Data(#"{"stem":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.utf8)
      let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
      let foreign = try write("foreign.safetensors", length + header + Data(count: 4))
      try refuse(
        start(foreign), ranks: 2, status: 65, "foreign.safetensors",
        "is this file of another model?")

      let notFinite = try write("nan.safetensors", try spoiled(model, tensor: "conv1.weight"))
      let words = "nan.safetensors: tensor \"conv1.weight\" is not finite at element 0"
      try refuse(start(notFinite), ranks: 2, status: 65, words)
      let evaluation = try laboratory.run(
        "aver", ["evaluate", "source", "--checkpoint", notFinite])
      #expect(evaluation.status == 65, "\(evaluation.output)")
      #expect(evaluation.errors.contains(words))
    }

    /// A safetensors file with NaN in place of a tensor's first numbers.
    private func spoiled(_ file: Data, tensor name: String) throws -> Data {
      let length = file.prefix(8).withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
      let header = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length))
      let entry = (header as? [String: Any])?[name] as? [String: Any]
      let offset = try #require((entry?["data_offsets"] as? [Int])?.first)
      var spoiled = file
      let first = file.startIndex + 8 + length + offset
      spoiled.replaceSubrange(first..<first + 16, with: Data(repeating: 0xFF, count: 16))
      return spoiled
    }

    @Test("more kernel threads than OpenMP grants exit 64 instead of hanging")
    func threadLimit() throws {
      try refuse(
        ["teacher", "--config", "tiny.yaml", "--run", "threads", "threads=4"],
        environment: ["OMP_THREAD_LIMIT": "2"], status: 64, "OMP_THREAD_LIMIT")
    }

    @Test("a loss that is not finite ends all ranks with 70 and says where")
    func nonFinite() throws {
      try refuse(
        ["teacher", "--config", "tiny.yaml", "--run", "nan", "optimizer.learning_rate=1e30"],
        ranks: 2, status: 70, "; the step is void", "in micro-batch 0, of rank 0, with the samples",
        ".jpg")
    }

    @Test("weights that overflow in the last update are neither saved nor called the best")
    func nonFiniteWeights() throws {
      try refuse(
        [
          "teacher", "--config", "tiny.yaml", "--run", "overflow", "optimizer.learning_rate=1e38",
          "schedule.warmup=0 steps", "train.max_steps=1",
        ],
        ranks: 2, status: 70, "is not finite; the step is void")
      #expect(
        !FileManager.default.fileExists(atPath: "\(laboratory.folder)/overflow/best"))
    }
  }
}
