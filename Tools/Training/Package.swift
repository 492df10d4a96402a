// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the root builds and tests without LibTorch; ./setup finds that.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "obverse-training",
  products: [
    .executable(name: "obverse-train", targets: ["Program"])
  ],
  dependencies: [
    // By name: without one the folder's name counts, which each clone chooses.
    .package(name: "obverse", path: "../..")
  ],
  targets: [
    .systemLibrary(name: "CLibTorch", pkgConfig: "torch"),
    .target(name: "CTorch", dependencies: ["CLibTorch"]),
    .target(name: "Torch", dependencies: ["CTorch"], swiftSettings: strict),
    .target(
      name: "Networks",
      dependencies: [
        "Torch", .product(name: "Core", package: "obverse"),
        .product(name: "Checkpoint", package: "obverse"),
        .product(name: "Converter", package: "obverse"),
      ], swiftSettings: strict),
    .target(
      name: "Training",
      dependencies: [
        "Torch", "Networks", .product(name: "Core", package: "obverse"),
        .product(name: "Checkpoint", package: "obverse"),
        .product(name: "ImageFile", package: "obverse"),
        .product(name: "Obverse", package: "obverse"),
        .product(name: "Options", package: "obverse"),
        .product(name: "Page", package: "obverse"),
        .product(name: "Converter", package: "obverse"),
      ], swiftSettings: strict),
    .executableTarget(
      name: "Program",
      dependencies: [
        "Torch", "Networks", "Training", .product(name: "Core", package: "obverse"),
        .product(name: "Options", package: "obverse"),
      ],
      swiftSettings: strict),
    .testTarget(name: "TorchTests", dependencies: ["Torch"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Torch", "Networks", "Training", .product(name: "Core", package: "obverse"),
        .product(name: "Checkpoint", package: "obverse"),
        .product(name: "ImageFile", package: "obverse"),
        .product(name: "Converter", package: "obverse"),
      ], exclude: ["Reference"]),
  ],
  cxxLanguageStandard: .cxx20
)
