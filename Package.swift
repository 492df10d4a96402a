// swift-tools-version: 6.2
import PackageDescription

// Pointers stay where they belong: outside the kernels every unsafe expression must say so.
// (Tools/cross builds the program with an older standard library than the compiler's, in which a Span's bytes were safe.)
let strict: [SwiftSetting] =
  Context.environment["OBVERSE_OLDER_LIBRARY"] == nil ? [.treatAllWarnings(as: .error)] : []
let safe: [SwiftSetting] = [.strictMemorySafety()] + strict

/// The per-CPU rooms: one source, compiled for each instruction set with vectors of so many lanes.
let rooms: [(name: String, lanes: Int, flags: [String])] = [
  ("KernelsBaseline", 4, []),
  ("KernelsAVX2", 8, ["-mavx2", "-mfma", "-mf16c"]),
  // Instructions on bfloat16 are in kernels that name them alone, which run where the processor has them.
  (
    "KernelsAVX512", 16,
    ["-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mavx512bf16", "-mfma"]
  ),
]

// Kernels are optimised in debug builds too, all files of a room together: a debug test of a whole
// network would take minutes without.
let kernelRooms: [Target] = rooms.map { room in
  let wide = room.flags.flatMap { ["-Xcc", "-Xarch_x86_64", "-Xcc", $0] }
  return .target(
    name: room.name, dependencies: ["CKernels", "KernelSet"], exclude: ["README.md"],
    swiftSettings: [
      .unsafeFlags(
        ["-Ounchecked", "-disable-batch-mode", "-whole-module-optimization", "-num-threads", "1"]
          + wide),
      .define("WIDE\(room.lanes)"),
    ])
}

// What distributions ask of C code that reads files, and of programs.
let hardened: [CSetting] = [
  .unsafeFlags(["-fstack-protector-strong"]),
  .define("_FORTIFY_SOURCE", to: "2", .when(configuration: .release)),
]
let boundAtStart: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"])]

let package = Package(
  name: "obverse",
  products: [
    .library(name: "Obverse", targets: ["Obverse"]),
    .library(name: "obverse-c", type: .dynamic, targets: ["ObverseC"]),
    .executable(name: "obverse", targets: ["Main"]),
    // For Tools/Training only; unstable.
    .library(name: "Core", targets: ["Core"]),
    .library(name: "Options", targets: ["Options"]),
    .library(name: "Checkpoint", targets: ["Checkpoint"]),
    .library(name: "ImageFile", targets: ["ImageFile"]),
    .library(name: "Page", targets: ["Page"]),
    .executable(name: "obverse-avatars", targets: ["AvatarsProgram"]),
    .library(name: "Converter", targets: ["Converter"]),
  ],
  targets: kernelRooms + [
    .target(name: "CSystem", exclude: ["README.md"], linkerSettings: [.linkedLibrary("m")]),
    .target(
      name: "Core", dependencies: ["CSystem"], exclude: ["README.md"], swiftSettings: safe),
    .target(name: "CKernels", exclude: ["README.md"]),
    .target(name: "KernelSet", dependencies: ["CKernels"], exclude: ["README.md"]),
    .target(
      name: "Kernels",
      dependencies: ["CKernels", "CSystem", "Core", "KernelSet"]
        + rooms.map { .init(stringLiteral: $0.name) },
      exclude: ["README.md"], swiftSettings: [.treatAllWarnings(as: .error)]),
    .target(
      name: "ModelFile", dependencies: ["Core"], exclude: ["README.md", "schema.fbs"],
      swiftSettings: safe),
    .target(
      name: "Obverse", dependencies: ["Core", "CKernels", "CSystem", "Kernels", "ModelFile"],
      exclude: ["README.md"],
      swiftSettings: safe),
    .systemLibrary(name: "CObverse"),
    .target(name: "CCallback", exclude: ["README.md"]),
    .target(
      name: "ObverseC",
      dependencies: ["CCallback", "CKernels", "CObverse", "CSystem", "ModelFile", "Obverse"],
      exclude: ["README.md", "exports.map"], swiftSettings: safe),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CPNG", exclude: ["README.md"], cSettings: hardened,
      linkerSettings: [.linkedLibrary("png")]),
    .target(
      name: "CJPEG", exclude: ["README.md"], cSettings: hardened,
      linkerSettings: [.linkedLibrary("jpeg")]),
    .target(
      name: "Checkpoint", dependencies: ["Core", "CZlib"], exclude: ["README.md"],
      swiftSettings: safe),
    .target(
      name: "Converter", dependencies: ["Core", "Checkpoint", "ModelFile"],
      exclude: ["README.md"], swiftSettings: safe),
    .target(
      name: "ImageFile", dependencies: ["Core", "CPNG", "CJPEG"], exclude: ["README.md"],
      swiftSettings: safe),
    .target(
      name: "Options", dependencies: ["Core"], exclude: ["README.md"], swiftSettings: safe),
    .target(
      name: "Page", dependencies: ["Core"], exclude: ["README.md"], swiftSettings: safe),
    .target(name: "CCounters", exclude: ["README.md"]),
    .target(
      name: "CLI",
      dependencies: [
        "Obverse", "Options", "Converter", "Checkpoint", "ImageFile", "ModelFile", "Page",
        "CCounters",
      ],
      exclude: ["README.md"], swiftSettings: safe),
    .executableTarget(
      name: "Main", dependencies: ["CLI"], exclude: ["README.md"], linkerSettings: boundAtStart),
    .executableTarget(
      name: "networks", dependencies: ["Core", "ModelFile"], path: "Benchmarks/Networks",
      swiftSettings: safe),
    .executableTarget(
      name: "shapes", dependencies: ["Kernels"], path: "Benchmarks/Kernels", swiftSettings: safe),
    // Optimised in debug builds too: tests draw thousands.
    .target(
      name: "Avatars", dependencies: ["ImageFile"], path: "Tools/Training/Avatars/Drawing",
      swiftSettings: safe + [.unsafeFlags(["-O"])]),
    .executableTarget(
      name: "AvatarsProgram", dependencies: ["Avatars", "Checkpoint", "Core", "ImageFile"],
      path: "Tools/Training/Avatars/Program", swiftSettings: safe),
    .target(name: "Support", dependencies: ["Core", "Checkpoint"], path: "Tests/Support"),
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "CFuzzer", "Core", "CZlib", "Checkpoint", "Kernels", "ModelFile", "Converter", "ImageFile",
        "Obverse", "Support",
      ], path: "Tests/Fuzz", exclude: ["README.md", "guided", "recipes.txt"], swiftSettings: safe),
    .target(name: "CFuzzer", path: "Tests/CFuzzer"),
    .target(name: "CountedMalloc", path: "Tests/CountedMalloc"),
    .executableTarget(
      name: "allocations", dependencies: ["CountedMalloc", "Kernels", "ModelFile", "Obverse"],
      path: "Tests/Allocations", swiftSettings: safe),
    .testTarget(name: "CoreTests", dependencies: ["Core", "Support"]),
    .testTarget(name: "OptionsTests", dependencies: ["Core", "Options", "Support"]),
    .testTarget(name: "CheckpointTests", dependencies: ["Checkpoint", "Support"]),
    .testTarget(name: "ModelFileTests", dependencies: ["ModelFile", "Support"]),
    .testTarget(name: "ImageFileTests", dependencies: ["ImageFile", "Support"]),
    .testTarget(name: "KernelsTests", dependencies: ["Core", "Kernels", "Support"]),
    .testTarget(name: "ConverterTests", dependencies: ["Converter", "Support"]),
    .testTarget(name: "ObverseTests", dependencies: ["Obverse", "Converter", "Support"]),
    .testTarget(
      name: "ObverseCTests", dependencies: ["CObverse", "ObverseC", "ModelFile", "Support"]),
    .testTarget(
      name: "AvatarsTests",
      dependencies: ["Avatars", "AvatarsProgram", "Checkpoint", "Core", "ImageFile", "Support"],
      path: "Tools/Training/Avatars/Tests"),
    .testTarget(
      name: "CLITests",
      dependencies: ["CLI", "ImageFile", "ModelFile", "Options", "Page", "Support"]),
  ]
)

// Equal sources give equal files, whatever folder they lie in: what is shipped names no folder. Tests are found by the
// compiler's index, which looks for them by their true paths.
let here = "\(Context.packageDirectory)=."
for target in package.targets where target.type != .system && target.type != .test {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [
      .unsafeFlags(
        [
          "-file-prefix-map", here, "-Xfrontend", "-no-clang-module-breadcrumbs", "-Xfrontend",
          "-disable-incremental-llvm-codegen",
        ],
        .when(configuration: .release))
    ]
  target.cSettings =
    (target.cSettings ?? []) + [
      .unsafeFlags(["-ffile-prefix-map=\(here)"], .when(configuration: .release))
    ]
}
