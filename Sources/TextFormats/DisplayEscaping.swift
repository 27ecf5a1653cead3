// What a terminal, an editor or a log viewer would act on instead of showing it, made visible.

extension Unicode.Scalar {
    /// Whether displaying it as it is could change, hide or reorder the surrounding text: control characters (C0,
    /// DEL, C1), line and paragraph separators, marks that change the text direction, and invisible characters that
    /// carry text of their own (byte order mark, annotation marks, tags).
    ///
    /// The joiners of Persian, Indic scripts and emoji are left alone.
    /// - Spec: Unicode Standard Annex 9 (Bidi_Control); Unicode Technical Report 36, section 3.
    public var isActedUponByDisplays: Bool {
        switch value {
        case 0...0x1F, 0x7F...0x9F: true
        case 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x206F: true
        case 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: true
        default: false
        }
    }
}

extension StringProtocol {
    /// The text with everything that a display would act upon escaped as in a JSON string: `\n`, `\r`, `\t`,
    /// otherwise `\u001b`, beyond 16 bits as a surrogate pair.
    ///
    /// JSON keeps its meaning, because such characters occur only within its strings. For people, not for machines:
    /// an existing backslash looks the same as an added one.
    /// - Parameter keepingLineBreaks: true for text of our own making, such as indented JSON.
    /// - Complexity: O(bytes); nothing is copied when there is nothing to escape.
    public func escapedForDisplay(keepingLineBreaks: Bool = false) -> String {
        guard utf8.contains(where: DisplayEscaping.mayNeedEscape) else { return String(self) }
        var text = ""
        text.reserveCapacity(utf8.count + 16)
        for scalar in unicodeScalars {
            if scalar == "\n", keepingLineBreaks {
                text.unicodeScalars.append(scalar)
            } else if scalar.isActedUponByDisplays {
                DisplayEscaping.append(scalar) { text.unicodeScalars.append(Unicode.Scalar($0)) }
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// Appends the text as a JSON string, including quotes, in UTF-8; what a display would act upon is also escaped.
    ///
    /// - Spec: RFC 8259 section 7.
    public func appendAsJSONString(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        // Nearly all text is plain, and is looked at and copied as a whole.
        let isPlain = utf8.withContiguousStorageIfAvailable { utf8 in
            let isPlain = unsafe !utf8.contains { byte in
                DisplayEscaping.mayNeedEscape(byte) || DisplayEscaping.isMarkOfJSON(byte)
            }
            if isPlain { unsafe bytes.append(contentsOf: utf8) }
            return isPlain
        }
        if isPlain != true {
            for scalar in unicodeScalars {
                if scalar == "\u{8}" || scalar == "\u{C}" {
                    bytes.append(contentsOf: scalar == "\u{8}" ? #"\b"#.utf8 : #"\f"#.utf8)
                } else if scalar.isActedUponByDisplays {
                    DisplayEscaping.append(scalar) { bytes.append($0) }
                } else {
                    if scalar == "\"" || scalar == "\\" { bytes.append(UInt8(ascii: "\\")) }
                    bytes.append(contentsOf: scalar.utf8)
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// The escapes themselves, byte by byte.
enum DisplayEscaping {
    /// False for every byte of nearly all text: only these begin an escaped character.
    static func mayNeedEscape(_ byte: UInt8) -> Bool {
        switch byte {
        case ..<0x20, 0x7F, 0xC2, 0xD8, 0xE2, 0xEF, 0xF3: true
        default: false
        }
    }

    static func isMarkOfJSON(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") }

    /// Passes on the escape of one character, in ASCII.
    static func append(_ scalar: Unicode.Scalar, _ put: (UInt8) -> Void) {
        put(UInt8(ascii: "\\"))
        switch scalar {
        case "\n": put(UInt8(ascii: "n"))
        case "\r": put(UInt8(ascii: "r"))
        case "\t": put(UInt8(ascii: "t"))
        default:
            for (index, unit) in scalar.utf16.enumerated() {
                if index > 0 { put(UInt8(ascii: "\\")) }
                put(UInt8(ascii: "u"))
                for shift in [12, 8, 4, 0] { put(Hex.digit(UInt8(truncatingIfNeeded: unit >> UInt16(shift)) & 15)) }
            }
        }
    }
}
