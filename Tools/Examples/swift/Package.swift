// swift-tools-version: 6.2
import PackageDescription

// Where Obverse's repository is: a URL, or a folder of this machine.
let repository = Context.environment["OBVERSE_REPOSITORY"] ?? "../obverse"

let package = Package(
  name: "animation",
  dependencies: [.package(url: repository, from: "0.2.0")],
  targets: [
    .executableTarget(
      name: "animation", dependencies: [.product(name: "Obverse", package: "obverse")])
  ]
)
