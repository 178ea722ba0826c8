import ArgumentParser

/// What wins over a cluster file.
struct ClusterOverrides: ParsableArguments {
  @Option(
    name: .customLong("with"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A value that wins over the cluster file, such as nodes=4; can be repeated.",
      valueName: "key=value"))
  var words: [String] = []
}
