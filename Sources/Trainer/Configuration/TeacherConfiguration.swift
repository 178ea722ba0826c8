import Nets

/// The configuration of `aver-train teacher`.
struct TeacherConfiguration: FaceConfiguration {
  var common = CommonSections(stage: .teacher)
  var model = ModelSection()
  var data = DataSection()
  var triplets = TripletSection()
  var loss = LossSection()

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] { generalKeys + faceKeys + trainingKeys }

  var objective: FaceObjective { labelledObjective }
}
