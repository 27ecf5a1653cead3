/// The shape of the house: what each target imports. `Package.swift` and every import are held against it, both
/// ways: a target imports nothing that its row does not name, and a row names nothing that its target does not import.
///
/// A new target, or a new dependency of one, is a decision: it is made here first, and its reason is in the
/// commit.
enum LayerTable {
    struct Row {
        let layer: Int
        let name: String
        /// Targets of rows above, products of other packages, and modules of the toolchain.
        let uses: Set<String>

        /// Without the toolchain's, which no manifest declares.
        var declared: Set<String> { uses.subtracting(LayerTable.toolchain) }
    }

    /// From the lowest to the highest; a target uses only rows above its own.
    static let rows: [Row] =
        [
            // 0: C libraries, a module map and a shim each.
            Row(0, "CNghttp2"), Row(0, "COpenSSL"), Row(0, "CSQLite"), Row(0, "CCurl"), Row(0, "CZlib"),
            Row(0, "CLinux"),
            // 0 too: the few lines of our own that Swift cannot say.
            Row(0, "CProgramStart"),
            // 1: pure values, no side effects, no foreign memory without a mark.
            Row(1, "TextFormats"),
            Row(1, "Pacing"),
            Row(1, "ProtobufWire"),
            Row(1, "ProtobufReflection", "ProtobufWire", "TextFormats"),
            Row(1, "RPCModel", "Pacing", "ProtobufWire", "Synchronization", "TextFormats"),
            // 1 too, the domain: values, what follows from them, and the log that a verifier reads.
            Row(1, "TelehealthModel", "TextFormats"),
            Row(1, "TelehealthRules", "Crypto", "FoundationEssentials", "TelehealthModel", "TextFormats"),
            Row(1, "AuditChain", "Crypto", "TelehealthModel", "TextFormats"),
            // 2: engines, each the only owner of its C library.
            Row(2, "EventCore", "CLinux", "Glibc", "Synchronization"),
            // 2 too: what every program does around its work.
            Row(2, "ProgramEdge", "CProgramStart", "Glibc", "Synchronization"),
            // 2 too, and a value: HTTP/1.1 needs no library.
            Row(2, "HTTP1Engine", "TextFormats"),
            Row(2, "HTTP2Engine", "CNghttp2"),
            Row(2, "TLSEngine", "COpenSSL", "Synchronization"),
            // 2 too: every small file that must survive a power cut.
            Row(2, "DurableFile", "Glibc", "TextFormats"),
            // 3
            Row(3, "Transport", "EventCore", "HTTP2Engine", "Pacing", "Synchronization", "TLSEngine"),
            // 3 too, beside the RPC stack: for probers and scrapers.
            Row(3, "Monitoring", "EventCore", "HTTP1Engine", "Synchronization"),
            // 4: generated, one target per proto package.
            Row(4, "GRPCStandardAPI", "ProtobufWire", "RPCModel"),
            Row(4, "TelehealthAPI", "ProtobufWire", "RPCModel"),
            // 5: the protocols that carry calls are values as those of layer 1; the rest brings them to the wire.
            Row(
                5, "RPCProtocols", "GRPCStandardAPI", "ProtobufReflection", "ProtobufWire", "RPCModel", "TextFormats"),
            Row(
                5, "RPCOverHTTP2", "CZlib", "GRPCStandardAPI", "HTTP2Engine", "ProtobufWire", "RPCModel",
                "RPCProtocols", "TextFormats"),
            Row(
                5, "RPCServer", "EventCore", "GRPCStandardAPI", "HTTP2Engine", "ProtobufReflection",
                "ProtobufWire", "RPCModel", "RPCOverHTTP2", "RPCProtocols", "Synchronization", "TLSEngine",
                "Transport"),
            Row(
                5, "RPCClient", "EventCore", "GRPCStandardAPI", "HTTP2Engine", "ProtobufWire", "RPCModel",
                "RPCOverHTTP2", "Synchronization", "TLSEngine", "Transport"),
            // 6: what runs the domain's rules and declares its ports, then the adapters to those.
            Row(
                6, "TelehealthEngine", "AuditChain", "Crypto", "Pacing", "Synchronization", "TelehealthModel",
                "TelehealthRules", "TextFormats"),
            Row(
                6, "Storage", "AuditChain", "Crypto", "DurableFile", "FoundationEssentials", "Glibc", "Synchronization",
                "TelehealthEngine", "TelehealthModel", "TelehealthRules", "TextFormats"),
            Row(
                6, "StorageSQLite", "AuditChain", "CSQLite", "Crypto", "DurableFile", "Glibc", "Storage",
                "Synchronization", "TelehealthEngine", "TelehealthModel", "TelehealthRules"),
            Row(6, "HTTPSClient", "CCurl", "Glibc", "Synchronization"),
            Row(
                6, "AWSClient", "Crypto", "CryptoExtras", "DurableFile", "FoundationEssentials", "Glibc",
                "HTTPSClient", "Pacing", "Synchronization", "TextFormats"),
            Row(
                6, "ChimeGateway", "AWSClient", "Crypto", "FoundationEssentials", "HTTPSClient", "Logging",
                "TelehealthEngine", "TelehealthModel", "TextFormats"),
            Row(6, "DevelopmentIdentity", "Crypto", "DurableFile", "TelehealthModel", "TextFormats"),
            Row(
                6, "Identity", "AuditChain", "Crypto", "CryptoExtras", "DevelopmentIdentity", "DurableFile",
                "FoundationEssentials", "HTTPSClient", "Synchronization", "TelehealthModel", "TelehealthRules", "TextFormats"),
            Row(
                6, "Webhooks", "Crypto", "DurableFile", "FoundationEssentials", "HTTPSClient",
                "TelehealthEngine", "TelehealthModel", "TextFormats"),
            // 7
            Row(
                7, "FHIRExport", "AuditChain", "TelehealthEngine", "TelehealthModel", "TelehealthRules",
                "TextFormats"),
            Row(
                7, "TelehealthHandlers", "AuditChain", "Crypto", "FHIRExport", "GRPCStandardAPI", "Logging",
                "Pacing", "ProtobufWire", "RPCModel", "RPCServer", "Synchronization", "TelehealthAPI",
                "TelehealthEngine", "TelehealthModel", "TelehealthRules", "TextFormats"),
            Row(
                7, "TelehealthClient", "GRPCStandardAPI", "Pacing", "ProtobufWire", "RPCClient", "RPCModel",
                "TelehealthAPI", "TextFormats"),
            // 7 too: for the tests of programs that call the service.
            Row(
                7, "TelehealthTesting", "GRPCStandardAPI", "ProtobufWire", "RPCModel", "RPCServer",
                "Synchronization", "TelehealthAPI", "TelehealthClient"),
        ] + programs

    /// 8: the daemon, which holds no tool; 9: tools, and the rules that they put a program around.
    private static let programs: [Row] = [
        Row(
            8, "DaemonKit", "AWSClient", "AuditChain", "ChimeGateway", "DevelopmentIdentity", "DurableFile",
            "EventCore", "FoundationEssentials", "Glibc", "HTTPSClient", "Identity", "Logging", "Monitoring",
            "Pacing", "ProgramEdge", "RPCModel", "RPCServer", "Storage", "StorageSQLite", "Synchronization", "TLSEngine",
            "TelehealthEngine", "TelehealthHandlers", "TelehealthModel", "TelehealthRules", "TextFormats",
            "Transport", "Webhooks"),
        Row(8, "telehealthd", "DaemonKit", "Glibc", "ProgramEdge"),
        Row(9, "ProtobufCodegen", "ProtobufReflection", "ProtobufWire", "TextFormats"),
        Row(
            9, "protoc-gen-telehealth-swift", "Glibc", "ProtobufCodegen", "ProtobufReflection",
            "ProtobufWire"),
        Row(9, "VisitRequests", "Crypto", "ProtobufWire", "TelehealthAPI"),
        Row(
            9, "telehealth-probe", "ArgumentParser", "AuditChain", "DevelopmentIdentity",
            "DurableFile", "FoundationEssentials", "GRPCStandardAPI", "Glibc", "ProgramEdge", "ProtobufReflection",
            "ProtobufWire", "RPCClient", "RPCModel", "Storage", "StorageSQLite", "Synchronization", "TLSEngine", "TelehealthAPI",
            "TelehealthClient", "TelehealthModel", "TextFormats", "Transport", "VisitRequests"),
        Row(9, "ChimeSimulation", "Crypto"),
        Row(
            9, "chime-simulator", "ArgumentParser", "ChimeSimulation", "FlyingFox", "FlyingSocks",
            "Foundation", "Glibc", "ProgramEdge", "Synchronization"),
        Row(
            9, "rpc-bench", "ArgumentParser", "EventCore", "FoundationEssentials", "Glibc", "HTTP2Engine",
            "ProgramEdge", "ProtobufWire", "RPCClient", "RPCModel", "RPCServer", "Synchronization",
            "TLSEngine", "TextFormats", "Transport"),
        Row(
            9, "telehealth-bench", "ArgumentParser", "DevelopmentIdentity", "Foundation", "ProgramEdge",
            "ProtobufWire", "RPCClient", "RPCModel", "Synchronization", "TLSEngine", "TelehealthAPI",
            "TelehealthClient", "TelehealthModel", "TextFormats", "VisitRequests"),
        Row(
            9, "telehealth-client-example", "Foundation", "ProtobufWire", "RPCModel", "TelehealthAPI",
            "TelehealthClient"),
        Row(
            9, "FuzzTargets", "GRPCStandardAPI", "HTTP1Engine", "HTTP2Engine", "ProtobufReflection", "ProtobufWire", "RPCModel",
            "RPCOverHTTP2", "RPCProtocols", "TelehealthAPI", "TextFormats"),
        Row(9, "fuzz-runner", "FuzzTargets", "Glibc", "ProgramEdge"),
        Row(
            9, "rpc-simulation", "ArgumentParser", "HTTP2Engine", "ProgramEdge", "ProtobufWire",
            "RPCModel", "RPCOverHTTP2"),
        Row(
            9, "VisitSimulation", "Crypto", "Synchronization", "TelehealthEngine", "TelehealthModel",
            "TelehealthRules", "TextFormats"),
        Row(
            9, "visit-simulation", "ArgumentParser", "Foundation", "ProgramEdge", "Synchronization",
            "VisitSimulation"),
        Row(
            9, "ServiceSimulation", "AuditChain", "Logging", "RPCModel", "RPCServer", "Synchronization",
            "TelehealthEngine", "TelehealthHandlers", "TelehealthModel", "TelehealthRules", "VisitSimulation"),
        Row(
            9, "handler-fuzz", "ArgumentParser", "Crypto", "GRPCStandardAPI", "Glibc", "ProgramEdge",
            "ProtobufReflection", "ProtobufWire", "RPCModel", "RPCServer", "ServiceSimulation", "Synchronization",
            "TelehealthAPI", "TelehealthHandlers", "TelehealthModel", "TextFormats", "VisitSimulation"),
        Row(9, "InteropMessages", "ProtobufWire", "RPCModel"),
        Row(
            9, "rpc-interop", "ArgumentParser", "EventCore", "HTTP2Engine", "InteropMessages",
            "ProgramEdge", "ProtobufWire", "RPCClient", "RPCModel", "RPCServer", "Synchronization",
            "TLSEngine", "Transport"),
        Row(
            9, "store-bench", "Glibc", "ProgramEdge", "Storage", "StorageSQLite", "Synchronization",
            "TelehealthEngine", "TelehealthModel", "TelehealthRules"),
        Row(9, "codec-bench", "Glibc", "ProgramEdge", "ProtobufWire", "TelehealthAPI"),
        Row(9, "rule-verdicts", "Glibc", "ProgramEdge", "ProtobufWire", "TelehealthAPI"),
        Row(9, "ConformanceMessages", "ProtobufWire"),
        Row(
            9, "protobuf-conformance", "ConformanceMessages", "Glibc", "ProtobufReflection",
            "ProtobufWire", "TelehealthAPI"),
    ]

    /// Products of other packages that more than one target uses. Every other product has one owner.
    static let sharedProducts: Set<String> = ["Crypto", "CryptoExtras", "Logging"]

    /// Products that only programs use, any of them.
    static let programProducts: Set<String> = ["ArgumentParser"]

    /// Packages of others, by their identity.
    static let packages: Set<String> = [
        "swift-crypto", "swift-log", "swift-argument-parser", "FlyingFox",
    ]

    /// The highest layer that Foundation must not enter: the daemon, which it costs 6 MB of memory.
    static let lastLayerWithoutFoundation = 8

    /// Modules of the toolchain that rows may name.
    static let toolchain: Set<String> = ["Synchronization", "FoundationEssentials", "Glibc", "Foundation"]

    /// Those that a row of this layer may name.
    static func systemModules(layer: Int) -> Set<String> {
        switch layer {
        case ...1: ["Synchronization", "FoundationEssentials"]
        case ...lastLayerWithoutFoundation: ["Synchronization", "FoundationEssentials", "Glibc"]
        default: ["Synchronization", "FoundationEssentials", "Glibc", "Foundation"]
        }
    }

    /// Values and decisions alone: no lock, no task of their own, no clock.
    static let domain = ["TelehealthModel", "AuditChain"]

    static func row(_ name: String) -> Row? { rows.first { $0.name == name } }
}

extension LayerTable.Row {
    fileprivate init(_ layer: Int, _ name: String, _ uses: String...) {
        self.init(layer: layer, name: name, uses: Set(uses))
    }
}
