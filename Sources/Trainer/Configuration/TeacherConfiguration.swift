/// The configuration of `aver-train teacher`.
struct TeacherConfiguration: StageConfiguration {
  var common = CommonSections()
  /// What is trained.
  var model = ModelSection()
  /// On which samples.
  var data = DataSection()

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    generalKeys + section("model", \.model) + section("data", \.data) + trainingKeys
  }
}
