// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that building and testing AVER knows nothing of it: everything here is
// compiled with counters on each branch (see `run`).
let package = Package(
  name: "aver-fuzz",
  dependencies: [.package(name: "aver", path: "..")],
  targets: [
    .executableTarget(
      name: "aver-fuzz",
      dependencies: [.product(name: "Parsers", package: "aver")],
      path: "Sources",
      // libFuzzer has the main function.
      swiftSettings: [.unsafeFlags(["-parse-as-library"])])
  ]
)
