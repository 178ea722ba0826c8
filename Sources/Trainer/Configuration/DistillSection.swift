/// What a teacher sees of the faces that it teaches with: the names of `distill.view`.
enum TeacherView: String, Sendable, ConfigurationChoice {
  /// The whole face, once: its outputs are stored, and used in every epoch.
  case whole
  /// The crop, mirrored or not, that the student sees, each time anew, without further changes.
  ///
  /// - Source: L. Beyer et al., "Knowledge distillation: a good teacher is patient and consistent",
  ///   CVPR 2022.
  case crop
}

/// `distill`: what the student learns from its teacher.
struct DistillSection: ConfigurationSection {
  /// The run folder of the teacher.
  var teacher = ""
  /// Which of its models.
  var checkpoint = "best"
  /// Trainings in a row, each student being the next one's teacher.
  var generations = 1
  /// Whether the best model teaches the next of them.
  var isFollowed = false
  /// What the teacher sees.
  var view = TeacherView.whole
  /// The folder of stored outputs; nil for one in the run folder.
  var outputs: String?
  /// T, by which both logits are divided.
  var temperature = 2.0
  /// Factor of the divergence from the teacher's softened classes.
  var classes = 1.0
  /// Factor of the squared distance to the teacher's valence and arousal.
  var affect = 0.0
  /// Factor of the squared distance between the directions of the embeddings.
  var embedding = 0.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "teacher", \.teacher,
        "Run folder of the teacher, of the stage teacher or distill; its model is read, not where it is. "
          + "What model.name and model.image_size do not say is as the teacher's.",
        changesResult: false, isRequired: true),
      ConfigurationKey(
        "checkpoint", \.checkpoint,
        "Which of its models: best, final, latest, or the path of a checkpoint or safetensors file.",
        changesResult: false),
      ConfigurationKey(
        "generations", \.generations,
        "Trainings in a row, each student being the next one's teacher.", must: .oneTo(100)),
      ConfigurationKey(
        "followed", \.isFollowed,
        "Whether the best model teaches a next generation, so that a resumed run's evaluations have to "
          + "be as they were; distill.generations sets it.", changesResult: false),
      ConfigurationKey(
        "view", \.view,
        "What the teacher sees: the whole face, once (outputs are stored), or the student's crop."),
      ConfigurationKey(
        "outputs", \.outputs,
        "Folder in which the teacher's outputs are stored, for other runs as well; null: in the run "
          + "folder.", changesResult: false),
      ConfigurationKey(
        "temperature", \.temperature, "By which both logits are divided before they are compared.",
        must: .from(0.01, to: 100)),
      ConfigurationKey(
        "classes", \.classes, "Factor of the divergence from the teacher's classes; 0 for none.",
        must: .lossFactor),
      ConfigurationKey(
        "affect", \.affect,
        "Factor of the squared distance to the teacher's valence and arousal; 0 for none.",
        must: .lossFactor),
      ConfigurationKey(
        "embedding", \.embedding,
        "Factor of the squared distance to the teacher's embedding; 0 for none.",
        must: .lossFactor),
    ]
  }
}

/// `unlabeled`: faces about which only the teacher knows something.
struct UnlabeledSection: ConfigurationSection {
  /// A folder, shards, or a list; nil for none.
  var list: String?
  /// The folder that relative paths of a list start from.
  var root: String?
  /// Such faces in each micro-batch.
  var perMicroBatch = 0
  /// The probability that the teacher has to give its class.
  var confidence = 0.0
  /// Faces of a class at most, by the teacher's word.
  var perClass: Int?
  /// How unequal frequencies of the teacher's classes are met.
  var balance = PseudoLabelBalance.none

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "list", \.list,
        "Faces without labels: a folder, shards (faces-{000000..000099}.tar) or their index, or a list of "
          + "one path a line; null for none.", changesResult: false),
      ConfigurationKey(
        "root", \.root,
        "The folder that relative paths of a list start from; null: that of the list.",
        changesResult: false),
      ConfigurationKey(
        "per_micro_batch", \.perMicroBatch,
        "Such faces in each micro-batch: rows beside labelled faces.", must: .from(0, to: 1 << 20)),
      ConfigurationKey(
        "confidence", \.confidence,
        "Leaves out faces to whose likeliest class the teacher gives a smaller probability.",
        must: .belowOne),
      ConfigurationKey(
        "per_class", \.perClass,
        "Keeps so many faces of each class by the teacher's word, the surest; null: all.",
        must: Requirement<Int>.positive.ifPresent),
      ConfigurationKey(
        "balance", \.balance,
        "none: every such face once an epoch; sampling: every class (the teacher's word) equally often."
      ),
    ]
  }
}

/// How unequal frequencies of pseudo-labels are met: the names of `unlabeled.balance`.
enum PseudoLabelBalance: String, Sendable, ConfigurationChoice {
  /// Not at all.
  case none
  /// Every class is drawn equally often.
  case sampling
}
