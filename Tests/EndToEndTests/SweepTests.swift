import Foundation
import TestSupport
import Testing

/// Python with Optuna; nil where there is none.
private let optunaPython = PythonScript.interpreter(having: "optuna", named: "AVER_OPTUNA_PYTHON")

extension EndToEnd {
  /// Searches on this machine, with real trainings.
  @Suite("Sweeps")
  struct SweepTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    private func write(_ text: String, to name: String) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(laboratory.folder)/\(name)"))
    }

    /// Four trainings of 8 updates, of which the best two go on after 2, and one of them after 4.
    private static let sweep = """
      stage: teacher
      config: tiny.yaml
      set: [train.max_steps=8, evaluation.every=2 steps, logging.images=false]
      parameters:
        optimizer.learning_rate: {values: [0.003, 0.0001, 1.0e-7, 0.001]}
      objective: {metric: loss, of: last}
      sampler: grid
      asha: {min_steps: 2, reduction: 2}
      concurrency: 2

      """

    private func start(_ folder: String, _ words: [String] = []) throws -> RunningCommand {
      try RunningCommand(
        "aver-launch", environment: laboratory.slowSteps,
        ["sweep", "sweep.yaml", "--run", folder] + words, in: laboratory.folder)
    }

    private func rows(_ folder: String) throws -> [[String]] {
      try String(contentsOfFile: "\(laboratory.folder)/\(folder)/trials.csv", encoding: .utf8)
        .split(separator: "\n").dropFirst()
        .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    private func journal(_ folder: String) -> String {
      let path = "\(laboratory.folder)/\(folder)/journal.log"
      return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    @Test("a sweep that is killed and stopped goes on, and its best training is what it says it is")
    func interrupted() throws {
      try write(Self.sweep, to: "sweep.yaml")
      let killed = try start("swept")
      // Both trials of the first start are in the middle of something.
      try killed.wait { laboratory.files(of: "swept/trials/00001").lastStep ?? 0 >= 1 }
      killed.send(SIGKILL)
      _ = try killed.wait()
      let before = journal("swept")

      let stopped = try start("swept")
      try stopped.wait { journal("swept").contains("\"intermediate_value\"") }
      stopped.send(SIGTERM)
      let outcome = try stopped.wait()
      #expect(outcome.status == 75, "\(outcome.errors)")
      #expect(journal("swept").hasPrefix(before), "nothing that was written changes")

      let last = try start("swept").wait()
      #expect(last.status == 0, "\(last.errors)")
      let rows = try rows("swept")
      #expect(rows.map { $0[0] } == ["0", "1", "2", "3"])
      #expect(rows.filter { $0[1] == "complete" }.count >= 1)
      #expect(rows.allSatisfy { ["complete", "pruned"].contains($0[1]) }, "\(rows)")
      let creations = journal("swept").components(separatedBy: "\"op_code\":4,").count - 1
      #expect(creations == 4)

      // Pauses, kills and stops on the way change no bit of what is trained.
      let best = try #require(
        rows.filter { $0[1] == "complete" }.min { Double($0[2]) ?? 9 < Double($1[2]) ?? 9 })
      let direct = try laboratory.run(
        "aver-train", ranks: 2, ["teacher", "--config", "swept/best.yaml", "--run", "swept-best"])
      #expect(direct.status == 0, "\(direct.errors)")
      let number = String(repeating: "0", count: 4) + best[0]
      #expect(
        try laboratory.finalModel("swept-best") == laboratory.finalModel("swept/trials/\(number)"))

      let status = try laboratory.run("aver-launch", ["status", "swept", "--json"])
      #expect(status.output.contains("\"state\" : \"finished\""), "\(status.output)")
      // Over, it says so again, and asks nothing else under the same name.
      #expect(try start("swept").wait().status == 0)
      let other = try start("swept", ["asha.reduction=4"]).wait()
      #expect(other.status == 64 && other.errors.contains("asha.reduction: 2 -> 4"))
      // Its paths are relative to the folder that it was begun in.
      let elsewhere = try RunningCommand(
        "aver-launch", ["sweep", "--run", "../swept"], in: "\(laboratory.folder)/corpus"
      ).wait()
      #expect(elsewhere.status == 64 && elsewhere.errors.contains("go there with cd first"))
    }

    @Test("of what trials begin from, a file that has changed is told, one that is gone not missed")
    func changedBase() throws {
      let (tiny, base) = ("\(laboratory.folder)/tiny.yaml", "\(laboratory.folder)/changing.yaml")
      try FileManager.default.copyItem(atPath: tiny, toPath: base)
      try write(
        Self.sweep.replacing("config: tiny.yaml", with: "config: changing.yaml"), to: "sweep.yaml")
      let stopped = try start("changing")
      try stopped.wait { laboratory.files(of: "changing/trials/00000").lastStep ?? 0 >= 1 }
      stopped.send(SIGTERM)
      #expect(try stopped.wait().status == 75)

      let text = try String(contentsOfFile: base, encoding: .utf8)
      try write(text.replacing("seed: ", with: "seed: 1"), to: "changing.yaml")
      let refused = try start("changing").wait()
      #expect(
        refused.status == 64 && refused.errors.contains("\nchanging.yaml: seed: "),
        "\(refused.errors)")
      // Another comment is no other question.
      try write("# The same.\n" + text, to: "changing.yaml")
      let again = try start("changing")
      try again.wait { journal("changing").contains("\"intermediate_value\"") }
      again.send(SIGTERM)
      #expect(try again.wait().status == 75)
      try FileManager.default.removeItem(atPath: base)
      let last = try start("changing").wait()
      #expect(last.status == 0, "\(last.errors)")
      #expect(try rows("changing").allSatisfy { ["complete", "pruned"].contains($0[1]) })
    }

    @Test("after its hours nothing more begins, what runs ends well, and they stay used up")
    func hours() throws {
      let sweep = Self.sweep
        .replacing("{values: [0.003, 0.0001, 1.0e-7, 0.001]}", with: "{min: 1.0e-5, max: 0.1}")
        .replacing("sampler: grid", with: "sampler: random\nbudget: {hours: 0.001}")
      try write(sweep, to: "hours.yaml")
      let words = ["sweep", "hours.yaml", "--run", "hours"]
      let outcome = try laboratory.run("aver-launch", words)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let rows = try rows("hours")
      #expect(rows.count >= 2 && rows.allSatisfy { ["complete", "pruned"].contains($0[1]) })
      let again = try laboratory.run("aver-launch", words)
      #expect(again.status == 0, "\(again.errors)")
      #expect(try self.rows("hours") == rows)
    }

    @Test("a disk that is full ends a sweep and no trial; with room, each comes to its end once")
    func fullDisk() throws {
      try write(Self.sweep, to: "on-disk.yaml")
      let folder = "\(laboratory.folder)/sweep-disk"
      guard let disk = try SmallDisk(at: folder, size: "9m") else { return }
      defer { disk.unmount() }
      let words = ["sweep", "on-disk.yaml", "--run", "sweep-disk/sweep"]
      let full = try laboratory.run("aver-launch", words)
      #expect(full.status != 0 && full.errors.contains("No space left on device"), "\(full.errors)")
      #expect(disk.remount("size=1g"))
      let rest = try laboratory.run("aver-launch", words)
      #expect(rest.status == 0, "\(rest.errors)")
      let rows = try rows("sweep-disk/sweep")
      #expect(rows.count == 4 && rows.allSatisfy { ["complete", "pruned"].contains($0[1]) })
      let journal = journal("sweep-disk/sweep")
      #expect(journal.components(separatedBy: "\"op_code\":4,").count == 5)
    }

    @Test(
      "Optuna loads the journal as it is",
      .enabled(if: optunaPython != nil, "needs Python with Optuna (AVER_OPTUNA_PYTHON)"))
    func optuna() throws {
      try write(Self.sweep, to: "sweep.yaml")
      let outcome = try start("for-optuna").wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      let script = """
        import sys, optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
        study = optuna.load_study(study_name="for-optuna", storage=JournalStorage(JournalFileBackend(sys.argv[1])))
        for trial in study.trials:
            print(trial.number, trial.state.name.lower(), trial.params["optimizer.learning_rate"])
        print("best", study.best_trial.number, f"{study.best_value:.5g}")
        """
      let read = try PythonScript.run(
        optunaPython ?? "", script, ["\(laboratory.folder)/for-optuna/journal.log"])
      let text = String(decoding: read.output, as: UTF8.self)
      let lines = text.split(separator: "\n").map(String.init)
      let rows = try rows("for-optuna")
      #expect(lines.dropLast() == rows.map { "\($0[0]) \($0[1]) \($0[4])" }[...], "\(text)")
      #expect(
        outcome.errors.contains("the best is trial \(lines.last?.split(separator: " ")[1] ?? "")"))
    }

    @Test(
      "what makes no sense is refused before anything is begun",
      arguments: [
        ("objective.metric=acuracy", "did you mean 'accuracy'?"),
        ("config=nothing.yaml", "nothing.yaml: cannot be read"),
        ("sampler=random", "is needed, or budget.hours: random never ends"),
        ("asha.min_steps=8", "must be less than the 8 steps of a training"),
        ("budget.trails=4", "did you mean 'budget.trials'?"),
      ])
    func refused(word: String, words: String) throws {
      try write(Self.sweep, to: "refused.yaml")
      let outcome = try laboratory.run(
        "aver-launch", ["sweep", "refused.yaml", "--run", "refused", word])
      #expect(outcome.status == 64 && outcome.errors.contains(words), "\(outcome.errors)")
      #expect(!laboratory.exists("refused"))
    }

    @Test("a parameter that the configuration does not have is named with its line")
    func unknownParameter() throws {
      try write(
        Self.sweep.replacing("optimizer.learning_rate:", with: "optimizer.learning_rat:"),
        to: "unknown.yaml")
      let outcome = try laboratory.run(
        "aver-launch", ["sweep", "unknown.yaml", "--run", "refused"])
      #expect(
        outcome.status == 64 && outcome.errors.contains("unknown.yaml:4: ")
          && outcome.errors.contains("did you mean 'optimizer.learning_rate'?"),
        "\(outcome.errors)")
    }
  }
}
