internal import TextFormats

/// The syntax of Chime's and S3's identifiers, checked before anything is sent: they become parts of paths, and an
/// invalid one is our fault and not worth a call.
///
/// - Spec: the service models chime-sdk-meetings and chime-sdk-media-pipelines (2021-07-15), S3 user guide "Bucket
///   naming rules" and "Naming Amazon S3 objects".
enum ChimeSyntax {
    /// MeetingId, AttendeeId, MediaPipelineId: a UUID in text form, either case.
    static func isGUID(_ text: String) -> Bool { UUIDText.isValid(text) }

    /// `[-_a-zA-Z0-9]*`, 2 to 64.
    static func isClientToken(_ text: String) -> Bool {
        (2...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }

    /// ExternalMeetingId and ExternalUserId. Chime allows more (spaces, accented letters); ours are pseudonyms with
    /// this smaller alphabet, so a name or an address passed by mistake is refused. `aws:` is reserved.
    static func isExternalID(_ text: String) -> Bool {
        (2...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "-_:.#".utf8.contains($0) }
            && !text.lowercased().hasPrefix("aws:")
    }

    /// `us-east-1`, `us-gov-west-1`; it becomes part of a host name.
    static func isRegion(_ text: String) -> Bool {
        (2...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLowercase($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    }

    static func isARN(_ text: String) -> Bool {
        text.hasPrefix("arn:") && (8...1024).contains(text.utf8.count)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "/:-_.".utf8.contains($0) }
    }

    /// A KMS key's ARN, id or alias.
    static func isKeyID(_ text: String) -> Bool {
        (1...2048).contains(text.utf8.count) && text.utf8.allSatisfy { isAlphanumeric($0) || "/:-_".utf8.contains($0) }
    }

    static func isBucket(_ text: String) -> Bool {
        (3...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLowercase($0) || isDigit($0) || "-.".utf8.contains($0) }
            && !text.contains("..") && isAlphanumeric(text.utf8.first ?? 0)
            && isAlphanumeric(text.utf8.last ?? 0)
    }

    /// A key or prefix of ours: segments of letters, digits, `-`, `_`, `.`, none of them `.` or `..`, without a slash
    /// at either end. A pipeline's sink is an ARN, which allows no more than that.
    static func isObjectKey(_ text: String) -> Bool {
        (1...900).contains(text.utf8.count)
            && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { segment in
                !segment.isEmpty && segment != "." && segment != ".."
                    && segment.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
            }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowercase(byte) || isDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLowercase(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
