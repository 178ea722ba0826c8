import Nets

extension LoadedConfiguration where Root: FaceConfiguration {
  /// Where a teacher cannot teach this student.
  func mistakes(ofTeacher teacher: TeacherModel) -> [ConfigurationMistake] {
    let wanted = values.objective.distillation
    var mistakes: [ConfigurationMistake] = []
    if teacher.alignment != values.data.alignment {
      mistakes.append(
        mistake(
          "data.alignment",
          "the teacher was trained with \(teacher.alignment), which it needs to see faces rightly"))
    }
    if wanted?.affect ?? 0 > 0, !teacher.network.hasAffect {
      mistakes.append(
        mistake("distill.affect", "the teacher has no head for valence and arousal; set it to 0"))
    } else if wanted?.affect ?? 0 > 0, teacher.untaught.contains("affect") {
      mistakes.append(
        mistake(
          "distill.affect",
          "the teacher had no labels to learn valence and arousal from; set it to 0"))
    }
    if wanted?.classes ?? 0 > 0, teacher.untaught.contains("logits") {
      mistakes.append(
        mistake(
          "distill.classes", "the teacher had no labels to learn the classes from; set it to 0"))
    }
    if wanted?.embedding ?? 0 > 0 {
      let (theirs, own) = (
        teacher.network.embedding?.dimensions, values.network.embedding?.dimensions
      )
      if theirs != own {
        mistakes.append(
          mistake(
            theirs == nil ? "distill.embedding" : "triplets.dimensions",
            theirs.map { "the teacher's embedding has \($0) dimensions; set it to that" }
              ?? "the teacher has no embedding; set it to 0"))
      }
    }
    return mistakes
  }
}

extension TeacherModel {
  /// What people should know before it teaches a student.
  func caveats(asTeacherOf student: FaceNetwork) -> [String] {
    let unfinished = progress.map {
      "the teacher's run has not finished (\($0)): what it has learned so far is taught"
    }
    func words(_ model: ModelDescription) -> String { "\(model.name) \(model.imageSize) px" }
    let (theirs, own) = (words(network.backbone), words(student.backbone))
    return [unfinished, theirs == own ? nil : "the teacher is a \(theirs), the student a \(own)"]
      .compactMap { $0 }
  }
}
