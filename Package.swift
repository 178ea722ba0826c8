// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "aver",
  products: [
    .executable(name: "aver-train", targets: ["aver-train"]),
    .executable(name: "aver-launch", targets: ["aver-launch"]),
    .executable(name: "aver", targets: ["aver"]),
    // For programs that use what was trained; see Examples/.
    .library(name: "AverInference", targets: ["AverInference"]),
    // For the package in fuzz/, which feeds them mutated files.
    .library(name: "Parsers", targets: ["Media", "Datasets", "Nets", "Trainer"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    // C libraries, and what Swift cannot import of them.
    .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(
      name: "CFFmpeg", pkgConfig: "libavformat",
      providers: [
        .apt(["libavcodec-dev", "libavformat-dev", "libswresample-dev", "libswscale-dev"])
      ]),
    .systemLibrary(name: "CCairo", pkgConfig: "cairo", providers: [.apt(["libcairo2-dev"])]),
    .systemLibrary(name: "CSndFile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    // The static library: its shared one loads BLAS and LAPACK, which face detection does not use.
    .target(name: "CFaceDetector", linkerSettings: [.linkedLibrary(":libdlib.a")]),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "CKernelThreads"),
    .target(name: "CNodeFlags"),
    .target(name: "CProcess"),
    .target(name: "CVectorKernels", dependencies: ["CKernelThreads"]),
    .target(name: "CWinograd", dependencies: ["CKernelThreads"]),

    // Arrows point one way:
    // CounterRandom, Files, ProtocolBuffers → (Media, Digests → Datasets, Nets, Distributed)
    // → Trainer → AverInference → Predictions; Media → Drawing → Predictions;
    // Trainer → Launcher, CommandArguments; all these → executables.
    .target(name: "CounterRandom"),
    .target(name: "Files"),
    .target(name: "ProtocolBuffers"),
    .target(name: "Studies", dependencies: ["CounterRandom"]),
    .target(
      name: "Media",
      dependencies: ["CFFmpeg", "CFaceDetector", "CSndFile", "CTurboJPEG", "Files"]),
    .target(name: "Drawing", dependencies: ["CCairo", "Media"]),
    .target(name: "Digests", dependencies: ["CCrypto"]),
    .target(
      name: "Datasets",
      dependencies: ["CVectorKernels", "CounterRandom", "Digests", "Files", "Media"]),
    .target(
      name: "Nets",
      dependencies: [
        "CKernelThreads", "COneDNN", "CVectorKernels", "CWinograd", "CounterRandom", "Files",
        "ProtocolBuffers",
      ]),
    .target(name: "Distributed", dependencies: ["CMPI", "CNodeFlags", "CVectorKernels"]),
    .target(
      name: "Trainer",
      dependencies: [
        "CVectorKernels", "CounterRandom", "Datasets", "Digests", "Distributed", "Files", "Media",
        "Nets", "ProtocolBuffers", .product(name: "Logging", package: "swift-log"), "Yams",
      ]),

    .target(name: "AverInference", dependencies: ["Datasets", "Media", "Nets", "Trainer"]),
    .target(name: "Predictions", dependencies: ["AverInference", "Drawing", "Media", "Trainer"]),

    .target(name: "Launcher", dependencies: ["CProcess", "Studies", "Trainer", "Yams"]),
    .target(
      name: "CommandArguments",
      dependencies: [
        "Trainer", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .executableTarget(
      name: "aver-train",
      dependencies: [
        "CommandArguments", "Trainer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "aver-launch",
      dependencies: [
        "CommandArguments", "Launcher", "Trainer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "aver",
      dependencies: [
        "AverInference", "Datasets", "Predictions", "Trainer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // An example is built with everything else, so that it is right.
    .executableTarget(
      name: "inference-example", dependencies: ["AverInference"],
      path: "Examples/inference-example"),

    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .target(
      name: "TestSupport", dependencies: ["Distributed", "Nets"], path: "Tests/TestSupport"),
    .testTarget(name: "CounterRandomTests", dependencies: ["CounterRandom"]),
    .testTarget(name: "MediaTests", dependencies: ["Media"], exclude: ["Fixtures"]),
    .testTarget(
      name: "DatasetsTests",
      dependencies: ["CAllocationCounter", "CounterRandom", "Datasets", "Media"],
      exclude: ["Goldens"]),
    .testTarget(name: "DrawingTests", dependencies: ["Drawing", "Media"]),
    .testTarget(
      name: "NetsTests",
      dependencies: [
        "CAllocationCounter", "CKernelThreads", "CVectorKernels", "CounterRandom", "Nets",
        "TestSupport",
      ],
      exclude: ["Goldens"]),
    .testTarget(
      name: "CVectorKernelsTests",
      dependencies: ["CVectorKernels", "CounterRandom", "TestSupport"]),
    .testTarget(
      name: "StudiesTests", dependencies: ["Studies", "TestSupport"], exclude: ["Goldens"]),
    .testTarget(
      name: "DistributedTests", dependencies: ["CVectorKernels", "Distributed", "TestSupport"],
      exclude: ["Goldens"]),
    .testTarget(
      name: "TrainerTests",
      dependencies: [
        "Datasets", "Digests", "Distributed", "Media", "Nets", "Trainer", "TestSupport",
      ],
      exclude: ["Goldens"]),
    .testTarget(
      name: "AverInferenceTests",
      dependencies: [
        "AverInference", "Datasets", "Media", "Nets", "Predictions", "Trainer", "TestSupport",
      ]),
    // The executables are dependencies so that they are built with the tests that run them.
    .testTarget(
      name: "LauncherTests", dependencies: ["Launcher", "Studies", "TestSupport", "Trainer"],
      exclude: ["Scripts"]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["aver-train", "aver-launch", "aver", "Nets", "TestSupport"],
      exclude: ["Faults"]),
  ],
  cxxLanguageStandard: .cxx17
)
