/// The shape of the house: which target may stand on which. `Package.swift` and every import are held against
/// it.
///
/// A new target, or a new dependency of one, is a decision: it is made here first, and its reason is in the
/// commit.
enum LayerTable {
    struct Row {
        let layer: Int
        let name: String
        /// Targets of rows above, and products of other packages.
        let mayUse: Set<String>
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
            Row(1, "ProtobufWire"),
            Row(1, "ProtobufReflection", "ProtobufWire", "TextFormats"),
            Row(1, "RPCModel", "ProtobufWire", "TextFormats"),
            Row(1, "TelehealthCore", "Crypto"),
            // 2: engines, each the only owner of its C library.
            Row(2, "EventCore", "CLinux"),
            // 2 too: what every program does around its work.
            Row(2, "ProgramEdge", "CProgramStart"),
            Row(2, "HTTP2Engine", "CNghttp2"),
            Row(2, "TLSEngine", "COpenSSL"),
            // 2 too: every small file that must survive a power cut.
            Row(2, "DurableFile"),
            // 3
            Row(3, "Transport", "EventCore", "HTTP2Engine", "TLSEngine", "RPCModel"),
            // 3 too, beside the RPC stack: for probers and scrapers.
            Row(3, "Monitoring", "EventCore"),
            // 4: generated, one target per proto package.
            Row(4, "GRPCStandardAPI", "ProtobufWire", "RPCModel"),
            Row(4, "TelehealthAPI", "ProtobufWire", "RPCModel"),
            // 5
            Row(
                5, "RPCOverHTTP2", "HTTP2Engine", "RPCModel", "GRPCStandardAPI", "ProtobufWire", "TextFormats", "CZlib"),
            Row(
                5, "RPCServer", "RPCOverHTTP2", "Transport", "TLSEngine", "HTTP2Engine", "EventCore",
                "RPCModel",
                "GRPCStandardAPI", "ProtobufWire", "ProtobufReflection"),
            Row(
                5, "RPCClient", "RPCOverHTTP2", "Transport", "TLSEngine", "HTTP2Engine", "EventCore",
                "RPCModel",
                "GRPCStandardAPI", "ProtobufWire", "ProtobufReflection"),
            // 6: adapters behind the domain's ports.
            Row(6, "StorageSQLite", "TelehealthCore", "DurableFile", "CSQLite", "Crypto", "Logging"),
            Row(6, "HTTPSClient", "CCurl"),
            Row(6, "AWSClient", "HTTPSClient", "DurableFile", "TextFormats", "Crypto", "CryptoExtras"),
            Row(6, "ChimeGateway", "AWSClient", "HTTPSClient", "TelehealthCore", "Crypto", "Logging"),
            Row(
                6, "Identity", "HTTPSClient", "TelehealthCore", "DurableFile", "TextFormats", "Crypto", "CryptoExtras"),
            Row(6, "Webhooks", "HTTPSClient", "TelehealthCore", "DurableFile", "TextFormats", "Crypto"),
            // 7
            Row(7, "FHIRExport", "TelehealthCore"),
            Row(
                7, "TelehealthHandlers", "FHIRExport", "TelehealthAPI", "RPCServer", "RPCModel", "ProtobufWire", "TextFormats",
                "GRPCStandardAPI",
                "TelehealthCore", "Crypto", "Logging"),
            Row(
                7, "TelehealthClient", "TelehealthAPI", "RPCClient", "RPCModel", "ProtobufWire",
                "GRPCStandardAPI"),
        ] + programs

    /// 8: the daemon, which holds no tool; 9: tools, and the rules that they put a program around.
    private static let programs: [Row] = [
        Row(
            8, "DaemonKit", "TelehealthHandlers", "StorageSQLite", "ChimeGateway", "AWSClient", "HTTPSClient",
            "Identity", "Webhooks", "TelehealthCore", "RPCServer", "RPCModel", "Transport", "TLSEngine", "EventCore",
            "DurableFile", "Monitoring", "ProgramEdge", "TextFormats", "Logging"),
        Row(8, "telehealthd", "DaemonKit", "ProgramEdge"),
        Row(9, "ProtobufCodegen", "ProtobufWire", "ProtobufReflection", "TextFormats"),
        Row(9, "protoc-gen-telehealth-swift", "ProtobufCodegen", "ProtobufWire", "ProtobufReflection"),
        Row(
            9, "telehealth-probe", "TelehealthClient", "TelehealthAPI", "RPCClient", "RPCModel",
            "ProtobufWire",
            "ProtobufReflection", "GRPCStandardAPI", "Identity", "StorageSQLite", "TelehealthCore", "Transport",
            "TLSEngine", "ProgramEdge", "TextFormats", "Crypto",
            "ArgumentParser"),
        Row(9, "ChimeSimulation", "Crypto"),
        Row(9, "chime-simulator", "ChimeSimulation", "ProgramEdge", "FlyingFox", "FlyingSocks", "ArgumentParser"),
        Row(
            9, "rpc-bench", "RPCServer", "RPCClient", "RPCModel", "ProtobufWire", "Transport", "TLSEngine",
            "HTTP2Engine", "EventCore", "ProgramEdge", "TextFormats", "ArgumentParser"),
        Row(
            9, "telehealth-bench", "TelehealthClient", "TelehealthAPI", "RPCClient", "RPCModel",
            "ProtobufWire", "TLSEngine", "Identity", "TelehealthCore", "Crypto", "ProgramEdge", "TextFormats",
            "ArgumentParser"),
        Row(
            9, "telehealth-client-example", "TelehealthClient", "TelehealthAPI", "RPCModel", "ProtobufWire"),
        Row(
            9, "FuzzTargets", "ProtobufWire", "ProtobufReflection", "RPCModel", "HTTP2Engine", "RPCOverHTTP2",
            "TelehealthAPI", "TextFormats"),
        Row(9, "fuzz-runner", "FuzzTargets", "ProgramEdge"),
        Row(
            9, "rpc-simulation", "HTTP2Engine", "RPCOverHTTP2", "RPCModel", "ProtobufWire", "ProgramEdge",
            "ArgumentParser"),
        Row(9, "VisitSimulation", "TelehealthCore", "Crypto"),
        Row(9, "visit-simulation", "VisitSimulation", "ProgramEdge", "ArgumentParser"),
        Row(
            9, "handler-fuzz", "VisitSimulation", "TelehealthHandlers", "TelehealthAPI", "TelehealthCore", "RPCServer",
            "RPCModel", "GRPCStandardAPI", "ProtobufReflection", "ProtobufWire", "ProgramEdge", "Crypto", "Logging",
            "ArgumentParser"),
        Row(9, "InteropMessages", "ProtobufWire", "RPCModel"),
        Row(
            9, "rpc-interop", "RPCServer", "RPCClient", "RPCModel", "ProtobufWire", "Transport", "TLSEngine",
            "HTTP2Engine", "EventCore", "InteropMessages", "ProgramEdge", "ArgumentParser"),
        Row(9, "store-bench", "StorageSQLite", "TelehealthCore", "ProgramEdge"),
        Row(9, "codec-bench", "TelehealthAPI", "ProtobufWire", "ProgramEdge"),
        Row(9, "rule-verdicts", "TelehealthAPI", "ProtobufWire", "ProgramEdge"),
        Row(9, "ConformanceMessages", "ProtobufWire"),
        Row(
            9, "protobuf-conformance", "ProtobufWire", "ProtobufReflection", "TelehealthAPI",
            "ConformanceMessages"),
    ]

    /// Products of other packages that more than one target may use. Every other product has one owner.
    static let sharedProducts: Set<String> = ["Crypto", "CryptoExtras", "Logging"]

    /// Products that only programs use, any of them.
    static let programProducts: Set<String> = ["ArgumentParser"]

    /// Packages of others, by their identity.
    static let packages: Set<String> = [
        "swift-crypto", "swift-log", "swift-argument-parser",
        "swift-service-lifecycle",
        "swift-system", "FlyingFox",
    ]

    /// The highest layer that Foundation must not enter: the daemon, which it costs 6 MB of memory.
    static let lastLayerWithoutFoundation = 8

    /// Modules of the toolchain that a layer may import.
    static func systemModules(layer: Int) -> Set<String> {
        switch layer {
        case ...1: ["Synchronization", "FoundationEssentials"]
        case ...lastLayerWithoutFoundation: ["Synchronization", "FoundationEssentials", "Glibc"]
        default: ["Synchronization", "FoundationEssentials", "Glibc", "Foundation", "RegexBuilder"]
        }
    }

    static func row(_ name: String) -> Row? { rows.first { $0.name == name } }
}

extension LayerTable.Row {
    fileprivate init(_ layer: Int, _ name: String, _ mayUse: String...) {
        self.init(layer: layer, name: name, mayUse: Set(mayUse))
    }
}
