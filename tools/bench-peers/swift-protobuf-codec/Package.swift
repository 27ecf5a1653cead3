// swift-tools-version: 6.2
// SwiftProtobuf on the bytes that codec-bench wrote: a peer to measure against. tools/bench copies this package to its
// cache, lets protoc-gen-swift, built from the same release, write Sources/swift-protobuf-codec/Generated, and builds
// it.
import PackageDescription

let package = Package(
    name: "swift-protobuf-codec",
    dependencies: [.package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0")],
    targets: [
        .executableTarget(
            name: "swift-protobuf-codec", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")])
    ]
)
