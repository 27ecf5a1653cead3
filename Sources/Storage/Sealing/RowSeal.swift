package import Crypto

/// The MAC that binds a row to what it says about who may see a visit.
///
/// Tokens are bound to no row, since they are compared across tables: whoever can edit the file could put one person's
/// token where another's stood, or a state that lets somebody in. So such a row carries a MAC over its table, its key
/// and the columns that decide who sees it, under a key from the ring's index secret, which stays the same over
/// rotations.
///
/// It says that this service wrote these values into this row at some time, not that they are the last ones it wrote:
/// an earlier state of the same row put back from a copy passes. The audit log shows that.
///
/// The MAC is HMAC-SHA256, cut to 16 bytes (RFC 2104 §5), over the table's name, a zero byte, and each value: 0x00 for
/// none, else 0x01, its length (4 bytes, big endian) and its UTF-8 bytes. About 1 us.
package struct RowSeal: Sendable {
    package static let byteCount = 16

    /// A code before its first byte of data: copying it costs half of beginning one.
    private let emptyCode: HMAC<SHA256>

    package init(_ secret: SymmetricKey) {
        emptyCode = HMAC(
            key: HKDF<SHA256>.deriveKey(
                inputKeyMaterial: secret, info: Array("telehealth rows".utf8), outputByteCount: 32))
    }

    package func mac(_ table: String, _ values: [String?]) -> [UInt8] {
        code(table, values).withUnsafeBytes { Array($0.prefix(Self.byteCount)) }
    }

    /// The comparison takes as long whatever differs.
    package func verifies(_ mac: [UInt8], _ table: String, _ values: [String?]) -> Bool {
        guard mac.count == Self.byteCount else { return false }
        return code(table, values).withUnsafeBytes { expected in
            var difference: UInt8 = 0
            for index in 0..<Self.byteCount { difference |= mac[index] ^ expected[index] }
            return difference == 0
        }
    }

    private func code(_ table: String, _ values: [String?]) -> HMAC<SHA256>.MAC {
        var authenticator = emptyCode
        authenticator.update(data: Self.encoding(table, values))
        return authenticator.finalize()
    }

    private static func encoding(_ table: String, _ values: [String?]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        bytes.append(contentsOf: table.utf8)
        bytes.append(0)
        for value in values {
            guard let value else {
                bytes.append(0)
                continue
            }
            bytes.append(1)
            let count = UInt32(value.utf8.count)
            for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
            bytes.append(contentsOf: value.utf8)
        }
        return bytes
    }
}

/// A table whose rows carry a MAC, with the columns under it, in order.
package struct MACTable: Sendable {
    package static let column = "row_mac"

    package let name: String
    /// Of ``columns``, those that name the row.
    package let key: [String]
    package let columns: [String]

    package static let appointments = MACTable(
        name: "appointments", key: ["id"], columns: ["id", "client_id", "guardian_id", "clinician_id", "status"])
    package static let sessions = MACTable(
        name: "sessions", key: ["id"],
        columns: ["id", "appointment_id", "client_id", "guardian_id", "clinician_id", "status"])
    package static let participants = MACTable(
        name: "participants", key: ["session_id", "id"],
        columns: ["session_id", "id", "subject_id", "role", "state", "invitation_id"])
    package static let invitations = MACTable(
        name: "invitations", key: ["session_id", "id"],
        columns: ["session_id", "id", "role", "participant_id", "expires_at", "redeemed_at", "revoked_at"])

    package static let all = [appointments, sessions, participants, invitations]
}
