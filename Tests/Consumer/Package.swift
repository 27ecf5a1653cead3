// swift-tools-version: 6.2
import PackageDescription

// A stranger's package: one program for each library product of telehealth-rpc, with what the README says one has to
// write. tools/consumer-check copies it out of the repository, and says by the environment where telehealth-rpc is.

let environment = Context.environment
let location = environment["CONSUMED_PACKAGE"] ?? "../telehealth-rpc"
let telehealth: Package.Dependency =
    if let version = environment["CONSUMED_VERSION"].flatMap({ Version($0) }) {
        .package(url: location, exact: version)
    } else {
        .package(name: "telehealth-rpc", path: location)
    }
/// Packages that are on this machine already: nothing is downloaded twice.
let known: [Package.Dependency] = (environment["KNOWN_PACKAGES"] ?? "").split(separator: ":").map { .package(path: String($0)) }

let package = Package(
    name: "consumer",
    dependencies: [telehealth] + known,
    targets: ["ProtobufWire", "RPCServer", "RPCClient", "TelehealthClient", "TelehealthTesting"].map { product in
        .executableTarget(
            name: "Uses" + product, dependencies: [.product(name: product, package: "telehealth-rpc")],
            swiftSettings: [.enableUpcomingFeature("MemberImportVisibility")])
    }
)
