internal import ProtobufReflection

/// The comments of a `.proto` file by the path of the commented declaration.
///
/// A place is a path of field numbers and indices through the file's descriptor, as `SourceCodeInfo` gives
/// it.
struct SourceComments {
    private var locations: [[Int32]: Google_Protobuf_SourceCodeInfo.Location] = [:]

    init(_ file: Google_Protobuf_FileDescriptorProto) {
        for location in file.sourceCodeInfo?.location ?? [] where locations[location.path] == nil {
            locations[location.path] = location
        }
    }

    /// The comment before (or, failing that, behind) the declaration at `path`, without blank lines at the
    /// ends.
    subscript(path: [Int32]) -> String? {
        guard let location = locations[path] else { return nil }
        return Self.trimmed(location.leadingComments ?? location.trailingComments)
    }

    /// The comment at the head of the file: license and description.
    var header: [String] {
        let heads = [[12], [2]].compactMap { locations[$0] }
        guard
            let location = heads.first(where: {
                $0.leadingComments != nil || !$0.leadingDetachedComments.isEmpty
            })
        else { return [] }
        return (location.leadingDetachedComments + [location.leadingComments ?? ""]).compactMap(Self.trimmed)
    }

    private static func trimmed(_ comment: String?) -> String? {
        guard let comment else { return nil }
        // A carriage return, alone or before a line feed, ends a comment's line in Swift as well.
        var lines = comment.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line in
            String(
                line.map { $0.isASCII && ($0.asciiValue ?? 0) < 0x20 ? " " : $0 }.reversed().drop { $0 == " " }
                    .reversed())
        }
        while lines.first?.isEmpty == true { lines.removeFirst() }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }
}
