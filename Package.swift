// swift-tools-version: 6.2
import Foundation
import PackageDescription

// The layers, lowest first. A target imports only from rows above its own; Tests/ArchitectureTests holds
// this file and the real imports against the same table.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
/// Pure layers: an unsafe pointer without an `unsafe` mark is a build error.
let pure = strict + [.strictMemorySafety()]

func clib(_ name: String, _ pkgConfig: String?, _ apt: String?) -> Target {
    .systemLibrary(
        name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: apt.map { [.apt([$0])] })
}

/// C of our own.
func csource(_ name: String) -> Target { .target(name: name, path: "Sources/\(name)") }

func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil,
    resources: [Resource]? = nil, settings: [SwiftSetting] = strict
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path ?? "Sources/\(name)", resources: resources,
        swiftSettings: settings)
}

func program(
    _ name: String, _ dependencies: [Target.Dependency], path: String? = nil, exclude: [String] = [],
    linked: [LinkerSetting] = []
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: path ?? "tools/\(name)", exclude: exclude,
        swiftSettings: strict, linkerSettings: linked)
}

/// Every symbol is bound at the start, so that the table of functions is read-only before the first byte of a peer
/// comes. The scripts build with --disable-local-rpath besides: no library is looked for beside the program.
let hardened: LinkerSetting = .unsafeFlags(
    ["-Xlinker", "-z", "-Xlinker", "now", "-Xlinker", "-z", "-Xlinker", "relro"], .when(configuration: .release))

/// The Swift runtime inside the program: 2 MB less of memory, some percent less of time, and nothing to install beside
/// it. The two libraries are what FoundationEssentials stands on. Nobody loads symbols from a program, so it exports
/// none (39,000 of them took 4 MB), and its relocations are packed (1.8 MB, all read at the start; glibc 2.36):
/// together 5 MB less to hold. It stays position-independent, with its relocated data read-only.
let staticRuntime: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib", "-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "-z", "-Xlinker",
            "pack-relative-relocs",
        ], .when(configuration: .release)),
    hardened,
    .linkedLibrary("_FoundationCShims", .when(configuration: .release)),
    .linkedLibrary("_FoundationCollections", .when(configuration: .release)),
]

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", resources: resources,
        swiftSettings: strict)
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// What each place asks of consents, and the time zones: data, compiled in byte by byte.
let policyFiles: [Resource] = ["US-GA", "US-CA", "default"].map { .embedInCode("Policy/Places/\($0).json") }
let zoneFile: [Resource] = [.embedInCode("Time/zones.txt")]

let cLibraries: [Target] = [
    clib("CNghttp2", "libnghttp2", "libnghttp2-dev"),
    clib("COpenSSL", "openssl", "libssl-dev"),
    clib("CSQLite", "sqlite3", "libsqlite3-dev"),
    clib("CCurl", "libcurl", "libcurl4-openssl-dev"),
    clib("CZlib", "zlib", "zlib1g-dev"),
    clib("CLinux", nil, nil),
    csource("CProgramStart"),
]

let modules: [Target] = [
    // 1 pure
    module("TextFormats", settings: pure),
    module("Pacing", settings: pure),
    module("ProtobufWire", settings: pure),
    module("ProtobufReflection", ["ProtobufWire", "TextFormats"], settings: pure),
    module("RPCModel", ["ProtobufWire", "TextFormats", "Pacing"], settings: pure),
    module("TelehealthModel", ["TextFormats"], resources: zoneFile, settings: pure),
    module("TelehealthRules", ["TelehealthModel", "TextFormats", crypto], resources: policyFiles, settings: pure),
    module("AuditChain", ["TelehealthModel", "TextFormats", crypto], settings: pure),
    // 2 engines
    module("EventCore", ["CLinux"]),
    module("ProgramEdge", ["CProgramStart"]),
    module("HTTP1Engine", ["TextFormats"], settings: pure),
    module("HTTP2Engine", ["CNghttp2"]),
    module("TLSEngine", ["COpenSSL"]),
    module("DurableFile", ["TextFormats"]),
    // 3
    module("Transport", ["EventCore", "HTTP2Engine", "TLSEngine", "Pacing"]),
    // 4 generated
    module("GRPCStandardAPI", ["ProtobufWire", "RPCModel"], path: "generated/grpc"),
    module("TelehealthAPI", ["ProtobufWire", "RPCModel"], path: "generated/telehealth"),
    // 5
    module(
        "RPCProtocols", ["RPCModel", "GRPCStandardAPI", "ProtobufReflection", "ProtobufWire", "TextFormats"], settings: pure),
    module(
        "RPCOverHTTP2",
        ["HTTP2Engine", "RPCModel", "RPCProtocols", "GRPCStandardAPI", "ProtobufWire", "TextFormats", "CZlib"]),
    module(
        "RPCServer",
        [
            "RPCOverHTTP2", "RPCProtocols", "Transport", "TLSEngine", "HTTP2Engine", "EventCore", "RPCModel", "GRPCStandardAPI",
            "ProtobufWire", "ProtobufReflection",
        ]),
    module(
        "RPCClient",
        [
            "RPCOverHTTP2", "Transport", "TLSEngine", "HTTP2Engine", "EventCore", "RPCModel", "GRPCStandardAPI",
            "ProtobufWire",
        ]),
    module("Monitoring", ["EventCore", "HTTP1Engine"]),
    // 6 the engine, and the adapters to its ports
    module("TelehealthEngine", ["TelehealthModel", "TelehealthRules", "AuditChain", "TextFormats", "Pacing", crypto]),
    module(
        "Storage",
        ["TelehealthEngine", "TelehealthModel", "TelehealthRules", "AuditChain", "DurableFile", "TextFormats", crypto]),
    module(
        "StorageSQLite",
        [
            "Storage", "TelehealthEngine", "TelehealthModel", "TelehealthRules", "AuditChain", "DurableFile", "CSQLite",
            crypto,
        ]),
    module("HTTPSClient", ["CCurl"]),
    module(
        "AWSClient",
        [
            "HTTPSClient", "DurableFile", "TextFormats", "Pacing", crypto,
            .product(name: "CryptoExtras", package: "swift-crypto"),
        ]),
    module(
        "ChimeGateway",
        ["AWSClient", "HTTPSClient", "TelehealthEngine", "TelehealthModel", "TextFormats", crypto, logging]),
    module("DevelopmentIdentity", ["TelehealthModel", "DurableFile", "TextFormats", crypto]),
    module(
        "Identity",
        [
            "DevelopmentIdentity", "HTTPSClient", "TelehealthModel", "TelehealthRules", "AuditChain", "DurableFile",
            "TextFormats", crypto, .product(name: "CryptoExtras", package: "swift-crypto"),
        ]),
    module("Webhooks", ["HTTPSClient", "TelehealthEngine", "TelehealthModel", "DurableFile", "TextFormats", crypto]),
    // 7
    module("FHIRExport", ["TelehealthEngine", "TelehealthModel", "TelehealthRules", "AuditChain", "TextFormats"]),
    module(
        "TelehealthHandlers",
        [
            "FHIRExport", "TelehealthAPI", "RPCServer", "RPCModel", "ProtobufWire", "GRPCStandardAPI", "TelehealthEngine", "TelehealthModel",
            "TelehealthRules", "AuditChain", "TextFormats", "Pacing", crypto, logging,
        ]),
    module(
        "TelehealthClient",
        ["TelehealthAPI", "RPCClient", "RPCModel", "ProtobufWire", "GRPCStandardAPI", "Pacing", "TextFormats"]),
    module(
        "TelehealthTesting",
        ["TelehealthClient", "TelehealthAPI", "RPCServer", "RPCModel", "ProtobufWire", "GRPCStandardAPI"]),
    // 8
    module(
        "DaemonKit",
        [
            "TelehealthHandlers", "Storage", "StorageSQLite", "ChimeGateway", "AWSClient", "HTTPSClient",
            "DevelopmentIdentity", "Identity", "Webhooks", "TelehealthEngine", "TelehealthModel", "TelehealthRules",
            "AuditChain", "RPCServer", "RPCModel", "Transport", "TLSEngine", "EventCore", "DurableFile", "Monitoring",
            "ProgramEdge", "TextFormats", "Pacing", logging,
        ]),
    // tools
    module("ChimeSimulation", [crypto], path: "tools/ChimeSimulation", settings: pure),
    module(
        "FuzzTargets",
        [
            "ProtobufWire", "ProtobufReflection", "RPCModel", "RPCProtocols", "HTTP1Engine", "HTTP2Engine", "RPCOverHTTP2",
            "GRPCStandardAPI", "TelehealthAPI", "TextFormats",
        ],
        path: "tools/FuzzTargets"),
    module(
        "VisitSimulation", ["TelehealthEngine", "TelehealthModel", "TelehealthRules", "TextFormats", crypto],
        path: "tools/VisitSimulation"),
    module(
        "ServiceSimulation",
        [
            "VisitSimulation", "TelehealthHandlers", "TelehealthEngine", "TelehealthModel", "TelehealthRules", "AuditChain",
            "RPCServer", "RPCModel", logging,
        ], path: "tools/ServiceSimulation"),
    module("ProtobufCodegen", ["ProtobufWire", "ProtobufReflection", "TextFormats"], path: "tools/ProtobufCodegen"),
    module("VisitRequests", ["TelehealthAPI", "ProtobufWire", crypto], path: "tools/VisitRequests"),
]

let programs: [Target] = [
    program("telehealthd", ["DaemonKit", "ProgramEdge"], path: "Sources/telehealthd", linked: staticRuntime),
    program("protoc-gen-telehealth-swift", ["ProtobufCodegen", "ProtobufReflection", "ProtobufWire"]),
    program(
        "rule-verdicts", ["TelehealthAPI", "ProtobufWire", "ProgramEdge"], exclude: ["alphabet.proto", "every_rule.proto"]),
    program("codec-bench", ["TelehealthAPI", "ProtobufWire", "ProgramEdge"], exclude: ["record.proto"]),
    program("protobuf-conformance", ["ProtobufWire", "ProtobufReflection", "TelehealthAPI", "ConformanceMessages"]),
    program(
        "telehealth-probe",
        [
            "TelehealthClient", "TelehealthAPI", "RPCClient", "RPCModel", "ProtobufWire", "ProtobufReflection",
            "GRPCStandardAPI", "DevelopmentIdentity", "Storage", "StorageSQLite", "TelehealthModel", "AuditChain",
            "Transport", "TLSEngine", "DurableFile", "ProgramEdge", "TextFormats", "VisitRequests", argumentParser,
        ], linked: staticRuntime),
    program(
        "chime-simulator",
        [
            "ChimeSimulation", "ProgramEdge", .product(name: "FlyingFox", package: "FlyingFox"),
            .product(name: "FlyingSocks", package: "FlyingFox"), argumentParser,
        ], linked: [hardened]),
    program("store-bench", ["Storage", "StorageSQLite", "TelehealthEngine", "TelehealthModel", "TelehealthRules", "ProgramEdge"]),
    program("fuzz-runner", ["FuzzTargets", "ProgramEdge"]),
    program("rpc-simulation", ["HTTP2Engine", "RPCOverHTTP2", "RPCModel", "ProtobufWire", "ProgramEdge", argumentParser]),
    program("visit-simulation", ["VisitSimulation", "ProgramEdge", argumentParser]),
    program(
        "handler-fuzz",
        [
            "ServiceSimulation", "VisitSimulation", "TelehealthHandlers", "TelehealthAPI", "TelehealthModel", "RPCServer",
            "RPCModel", "GRPCStandardAPI", "ProtobufReflection", "ProtobufWire", "ProgramEdge", "TextFormats", crypto,
            argumentParser,
        ]),
    program(
        "rpc-bench",
        [
            "RPCServer", "RPCClient", "RPCModel", "ProtobufWire", "Transport", "TLSEngine", "HTTP2Engine", "EventCore",
            "ProgramEdge", "TextFormats", argumentParser,
        ], linked: staticRuntime),
    program(
        "telehealth-bench",
        [
            "TelehealthClient", "TelehealthAPI", "RPCClient", "RPCModel", "ProtobufWire", "TLSEngine",
            "DevelopmentIdentity", "TelehealthModel", "ProgramEdge", "TextFormats", "VisitRequests", argumentParser,
        ]),
    program("telehealth-client-example", ["TelehealthClient", "TelehealthAPI", "RPCModel", "ProtobufWire"]),
    program(
        "rpc-interop",
        [
            "RPCServer", "RPCClient", "RPCModel", "ProtobufWire", "Transport", "TLSEngine", "HTTP2Engine", "EventCore",
            "InteropMessages", "ProgramEdge", argumentParser,
        ]),
]

let testTargets: [Target] = [
    module("LoopbackHTTP", path: "Tests/LoopbackHTTP"),
    tests("TextFormatsTests", ["TextFormats"]),
    tests("PacingTests", ["Pacing"]),
    tests("ProtobufWireTests", ["ProtobufWire"]),
    tests("ProtobufReflectionTests", ["ProtobufReflection", "ProtobufWire", "TelehealthAPI"]),
    tests(
        "ProtobufCodegenTests", ["ProtobufCodegen", "ProtobufReflection", "ProtobufWire", "RPCModel"],
        resources: [.copy("Fixtures")]),
    tests("RPCModelTests", ["RPCModel", "ProtobufWire"]),
    tests(
        "RPCProtocolsTests",
        [
            "RPCProtocols", "RPCModel", "RPCOverHTTP2", "GRPCStandardAPI", "ProtobufReflection", "ProtobufWire", "TextFormats",
        ]),
    tests("TelehealthModelTests", ["TelehealthModel"]),
    tests("TelehealthRulesTests", ["TelehealthRules", "TelehealthModel", "TextFormats", "VisitSimulation", crypto]),
    tests("AuditChainTests", ["AuditChain", "TelehealthModel", "TextFormats", "VisitSimulation"]),
    tests(
        "TelehealthEngineTests",
        [
            "TelehealthEngine", "TelehealthModel", "TelehealthRules", "AuditChain", "TextFormats", "Pacing",
            "VisitSimulation", crypto,
        ]),
    tests("EventCoreTests", ["EventCore"]),
    tests("DurableFileTests", ["DurableFile"]),
    tests("HTTP1EngineTests", ["HTTP1Engine"]),
    tests("HTTP2EngineTests", ["HTTP2Engine", "CNghttp2"]),
    tests("TLSEngineTests", ["TLSEngine"]),
    tests("TransportTests", ["Transport", "EventCore", "HTTP2Engine", "TLSEngine"]),
    tests(
        "RPCTests",
        [
            "RPCServer", "RPCClient", "RPCModel", "RPCOverHTTP2", "ProtobufWire", "GRPCStandardAPI", "Transport",
            "TLSEngine", "HTTP2Engine", "EventCore",
        ]),
    tests("MonitoringTests", ["Monitoring", "EventCore"]),
    tests("FuzzTests", ["FuzzTargets"]),
    .target(name: "CFaultVFS", path: "Tests/CFaultVFS", linkerSettings: [.linkedLibrary("sqlite3")]),
    tests(
        "StorageSQLiteTests",
        [
            "Storage", "StorageSQLite", "TelehealthEngine", "TelehealthModel", "TelehealthRules", "AuditChain", "VisitSimulation",
            "DurableFile", "TextFormats", "CSQLite", "CFaultVFS",
        ]),
    tests("HTTPSClientTests", ["HTTPSClient", "LoopbackHTTP"]),
    tests("AWSClientTests", ["AWSClient", "HTTPSClient", "LoopbackHTTP", "TextFormats"]),
    tests(
        "ChimeGatewayTests",
        ["ChimeGateway", "AWSClient", "HTTPSClient", "TelehealthModel", "LoopbackHTTP", "ChimeSimulation", logging]),
    tests("WebhooksTests", ["Webhooks", "HTTPSClient", "LoopbackHTTP", "TelehealthModel", crypto]),
    tests(
        "IdentityTests",
        [
            "DevelopmentIdentity", "Identity", "HTTPSClient", "LoopbackHTTP", "TelehealthModel", "AuditChain",
            "DurableFile", "TextFormats", crypto, .product(name: "CryptoExtras", package: "swift-crypto"),
        ]),
    tests(
        "FHIRExportTests",
        ["FHIRExport", "TelehealthEngine", "TelehealthModel", "AuditChain", "TextFormats"]),
    tests(
        "TelehealthHandlersTests",
        [
            "TelehealthHandlers", "TelehealthClient", "TelehealthAPI", "TelehealthEngine", "TelehealthModel",
            "TelehealthRules", "VisitSimulation", "ServiceSimulation", "RPCServer", "RPCModel", "ProtobufWire",
            "GRPCStandardAPI", "TextFormats", "Pacing", crypto, logging,
        ]),
    tests(
        "TelehealthClientTests",
        [
            "TelehealthClient", "TelehealthTesting", "TelehealthAPI", "RPCServer", "RPCClient", "RPCModel",
            "GRPCStandardAPI", "ProtobufWire",
        ]),
    tests(
        "DaemonKitTests",
        [
            "DaemonKit", "ChimeGateway", "TelehealthEngine", "TelehealthModel", "TelehealthRules", "AuditChain",
            "TelehealthHandlers",
            "Identity", "Storage", "StorageSQLite", "EventCore", "DurableFile", "TextFormats", "ProgramEdge", "RPCServer", "Transport",
            logging,
        ]),
    tests("ChimeSimulatorTests", ["ChimeSimulation", crypto]),
    tests("ArchitectureTests", []),
]

/// Messages that a tool makes from other projects' protos and that are never committed: their rows, and those of
/// programs that are nothing without them, are there when their folder is.
let madeByTools: [(target: Target, neededBy: String?)] = [
    // tools/conformance
    (module("ConformanceMessages", ["ProtobufWire"], path: "tools/.cache/conformance/messages"), "protobuf-conformance"),
    // tools/interop
    (module("InteropMessages", ["ProtobufWire", "RPCModel"], path: "tools/.cache/interop/messages"), "rpc-interop"),
]

/// The targets without what is not made yet.
@MainActor func made(_ targets: [Target]) -> [Target] {
    let missing = madeByTools.filter {
        !FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + ($0.target.path ?? ""))
    }
    let names = Set(missing.map(\.target.name) + missing.compactMap(\.neededBy))
    return (targets + madeByTools.map(\.target)).filter { !names.contains($0.name) }.map { target in
        target.dependencies = target.dependencies.filter {
            if case .byNameItem(let name, _) = $0 { !names.contains(name) } else { true }
        }
        return target
    }
}

/// What is in the interfaces of server and client: whoever uses one imports these as well.
let rpcModules = ["RPCModel", "ProtobufWire", "Transport", "TLSEngine", "EventCore"]
let clientModules = ["TelehealthAPI", "GRPCStandardAPI", "RPCClient"] + rpcModules

let package = Package(
    name: "telehealth-rpc",
    products: [
        .library(name: "ProtobufWire", targets: ["ProtobufWire"]),
        .library(name: "RPCServer", targets: ["RPCServer"] + rpcModules),
        .library(name: "RPCClient", targets: ["RPCClient"] + rpcModules),
        .library(name: "TelehealthClient", targets: ["TelehealthClient"] + clientModules),
        .library(name: "TelehealthTesting", targets: ["TelehealthTesting", "TelehealthClient", "RPCServer"] + clientModules),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: made(cLibraries + modules + programs + testTargets)
)
