import Foundation

/// What a run says of the weights that are exported.
struct ModelFacts {
  /// What it learned from: kinds and names; an empty name for what there was none of.
  var data: [(kind: String, name: String)]
  /// What it was evaluated on.
  var split: String
  /// What its own evaluation of these weights found, by name; empty where there was none.
  var numbers: [String: Double]
  /// Names of the numbers that models are compared by.
  var compared: [String]
  /// The configuration, as far as it decides the weights.
  var settings: [String: String]
}

/// The `README.md` of an exported model, in the form of a Hugging Face model card.
///
/// - Source: M. Mitchell et al., "Model cards for model reporting", 2019; the front matter is that of
///   huggingface.co/docs/hub/model-cards.
struct ModelCard {
  var description: ExportDescription
  var format: ExportFormat
  var facts: ModelFacts
  /// The run's name.
  var run: String

  /// The whole file.
  var text: String {
    [
      frontMatter, "# \(title)", summary, "## Files", files, "## How to use it", usage,
      "## Evaluation", evaluation, "## Training", training, Self.responsibleUse, licence,
    ].joined(separator: "\n\n") + "\n"
  }

  // MARK: - Front matter

  private var frontMatter: String {
    let tags = ["emotion-recognition", "affective-computing", format.rawValue] + modalityTags
    let lines =
      [
        "---", "license: other", "license_name: that-of-the-training-data",
        "pipeline_tag: \(task)", "library_name: \(format == .onnx ? "onnx" : "pytorch")",
        "tags:",
      ] + tags.map { "- \($0)" } + modelIndex + ["---"]
    return lines.joined(separator: "\n")
  }

  private var modalityTags: [String] {
    switch description.stage {
    case "audio": ["speech-emotion-recognition"]
    case "fusion": ["audio-visual", "valence-arousal"]
    default: ["facial-expression-recognition"]
    }
  }

  private var task: String {
    switch description.stage {
    case "audio": "audio-classification"
    case "fusion": "video-classification"
    default: "image-classification"
    }
  }

  private var modelIndex: [String] {
    let numbers = comparedNumbers
    guard !numbers.isEmpty else { return [] }
    return [
      "model-index:", "- name: \(Self.quoted(run))", "  results:", "  - task:",
      "      type: \(task)", "    dataset:", "      type: private",
      "      name: \(Self.quoted(facts.data.first?.name ?? "own data"))",
      "      split: validation", "    metrics:",
    ]
      + numbers.flatMap { ["    - type: \($0.name)", "      value: \(Self.shown($0.value))"] }
  }

  private var comparedNumbers: [(name: String, value: Double)] {
    facts.compared.compactMap { name in
      facts.numbers[name].flatMap { $0.isFinite ? (name, $0) : nil }
    }
  }

  /// A JSON text is a YAML text.
  private static func quoted(_ text: String) -> String { MetricValue.text(text).json }

  private static func shown(_ number: Double) -> String { MetricValue.number(number).json }

  // MARK: - What it is

  private var title: String { "\(run): \(description.architecture), \(subject)" }

  private var subject: String {
    switch description.stage {
    case "audio": "apparent emotion of voices"
    case "fusion": "apparent valence and arousal over time"
    default: "apparent expressions of faces"
    }
  }

  private var summary: String {
    let step = description.step.map { " Its weights are those after step \($0)." } ?? ""
    let what =
      switch description.stage {
      case "audio":
        "A network that hears \(Self.seconds(description.audio)) s of log-mel energies of a voice and tells "
          + "which emotion annotators would say it expresses."
      case "fusion":
        "A recurrent network over features of \(modalities), 25 frames a second, that tells which valence "
          + "and arousal annotators would give each moment of a recording."
      default:
        "A network that sees a face and tells which of eight expressions annotators would name"
          + (description.outputs.affect == nil ? "" : ", and its apparent valence and arousal")
          + (description.outputs.embedding == nil
            ? "." : ", and places it so that faces that people find alike are close.")
      }
    return "\(what) Trained with AVER, stage `\(description.stage)`.\(step)"
  }

  private var modalities: String {
    (description.fusion?.modalities ?? []).map { $0 == "visual" ? "faces" : "sound" }
      .joined(separator: " and ")
  }

  private static func seconds(_ input: AudioInput?) -> String {
    String(format: "%.2f", Double(input?.patchFrames ?? 0) / 100)
  }

  private var files: String {
    let rows = description.files.map { file in
      "| `\(file.name)` | \(file.holds) | \(file.inputs.joined(separator: "; ")) | "
        + "\(file.outputs.joined(separator: "; ")) |"
    }
    return
      (["| file | holds | takes | gives |", "| --- | --- | --- | --- |"] + rows + [
        "| `model.json` | what networks take and give, in every detail | | |"
      ]).joined(separator: "\n")
  }

  // MARK: - How to use it

  private var usage: String {
    "What goes in and comes out is described in `model.json`, and under the key `aver` in each file's "
      + "metadata.\(classes)\n\n\(format == .onnx ? onnxUsage : torchUsage)"
  }

  private var classes: String {
    description.outputs.classes.map {
      " Classes, in the order of `logits`: \($0.joined(separator: ", "))."
    }
      ?? ""
  }

  private var onnxUsage: String {
    let inputs = description.files.first?.inputs ?? []
    let given = inputs.map { input in
      let name = input.prefix { $0 != " " }
      return "\"\(name)\": \(name.split(separator: ".").last ?? name)"
    }
    return """
      ```python
      import onnxruntime

      session = onnxruntime.InferenceSession("model.onnx")
      # NumPy arrays: \(inputs.joined(separator: ", "))
      given = {\(given.joined(separator: ", "))}
      names = [output.name for output in session.get_outputs()]
      results = dict(zip(names, session.run(names, given)))
      ```
      """
  }

  private var torchUsage: String {
    let model =
      switch (description.stage, description.architecture) {
      case ("fusion", _):
        "# torch.nn.GRU or torch.nn.LSTM named recurrent, Linear and LayerNorm as the names say\n"
          + "weights = load_file(\"model.safetensors\")"
      case (_, "vggish"):
        "# any VGGish with torchvggish's names: features.N and embeddings.N\n"
          + "model.load_state_dict(load_file(\"model.safetensors\"), strict=True)"
      case (_, "resnet10_x0_25"):
        "# torchvision's ResNet of one BasicBlock a stage, 16, 32, 64 and 128 channels\n"
          + "model.load_state_dict(load_file(\"model.safetensors\"), strict=True)"
      default: torchvisionUsage
      }
    return """
      ```python
      import torchvision
      from safetensors.torch import load_file

      \(model)
      ```
      """
  }

  private var torchvisionUsage: String {
    let count = description.outputs.classes?.count
    let sound =
      description.audio == nil
      ? []
      : ["model.conv1 = torch.nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)"]
    let head = count == nil ? ["model.fc = torch.nn.Identity()"] : []
    let name = "torchvision.models.\(description.architecture)"
    let changes = sound + head
    let lines =
      (changes.isEmpty ? [] : ["import torch", ""])
      + ["model = \(name)(\(count.map { "num_classes=\($0)" } ?? ""))"] + changes
      + ["model.load_state_dict(load_file(\"model.safetensors\"), strict=True)"]
    return lines.joined(separator: "\n")
  }

  // MARK: - What is known of it

  private var evaluation: String {
    guard !facts.numbers.isEmpty else {
      return "The run has no evaluation of these weights; `aver evaluate` makes one."
    }
    let hidden: Set = ["step", "epoch", "skipped", "rows_left_out"]
    let rows = facts.numbers.filter { !hidden.contains($0.key) && $0.value.isFinite }
      .sorted { $0.key < $1.key }.map { "| \($0.key) | \(Self.shown($0.value)) |" }
    let warning =
      "The run's own evaluation, on \(facts.split). The best weights of a run are chosen by these "
      + "numbers, and post-processing is too: they are optimistic. They say nothing of other people, "
      + "cameras, languages and moments than those of that data."
    return ([warning, "", "| measure | value |", "| --- | --- |"] + rows).joined(separator: "\n")
  }

  private var training: String {
    let data = facts.data.filter { !$0.name.isEmpty }.map { "- \($0.kind): `\($0.name)`" }
    let settings = facts.settings.sorted { $0.key < $1.key }.map { key, value in
      "\(key)=\(value.contains("/") ? value.lastName : value)"
    }
    return
      (["Data:", ""] + data + ["", "Settings that decided the weights:", "", "```"] + settings + [
        "```"
      ]).joined(separator: "\n")
  }

  private static let responsibleUse = """
    ## Intended use

    Research on affective computing: features for other tasks, comparisons with published results, studies \
    with people who know of it and have agreed. Whoever uses it on people should evaluate it on data of the \
    people, languages and circumstances that it is for, group by group, before anything depends on it.

    ## Limits

    - It tells what annotators said of **apparent** expressions. It does not know what anybody feels, thinks, \
    intends or is: expressions are no reliable signs of inner states (L. F. Barrett et al., "Emotional \
    expressions reconsidered", Psychological Science in the Public Interest, 2019).
    - Annotators disagree, and see faces and hear voices by their own culture. Data sets of this kind have \
    few old people and children, skin types, languages and ways of speaking are unevenly represented, and \
    many expressions are posed. Errors differ between ages, genders, ethnic groups, and people with \
    conditions that change face or voice.
    - Eight classes, or two dimensions, are a coarse choice. Probabilities are not calibrated for other data.
    - Light, pose, masks, glasses, compression, noise and rooms change what it says.

    ## What it must not be used for

    - Detecting lies, guilt, intent, attention or honesty.
    - Decisions on hiring, promotion, dismissal, admission, grades, credit, insurance, benefits or medical \
    care.
    - Law enforcement, border control, surveillance, or the profiling of persons.
    - Anything that people have not been told of and have not agreed to.

    In the European Union, Regulation (EU) 2024/1689 (AI Act) prohibits systems that infer emotions of persons \
    at the workplace and in education, except for medical or safety reasons (Article 5(1)(f)); elsewhere \
    emotion recognition is a high-risk use (Annex III), and the people who are exposed to it have to be told \
    (Article 50(3)). Faces and voices are personal data. Other countries have laws of their own; this is no \
    legal advice.
    """

  private var licence: String {
    """
    ## Licences

    The weights follow the terms of the data that they were trained on. AffectNet, RAF-DB, Google's facial \
    expression comparison, RECOLA and the AVEC sets, and RAVDESS are handed out for non-commercial research \
    alone or under licences of their own, some of which forbid to pass on data or models: read the agreement \
    of each that was used before you share or use this model. Where training began with published weights, \
    their licence counts as well. The program that trained and exported it is under Apache 2.0.
    """
  }
}
