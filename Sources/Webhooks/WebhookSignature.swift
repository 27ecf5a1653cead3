internal import Crypto
internal import TextFormats

/// How a receiver verifies that a message is ours and fresh: `Telehealth-Signature: t=SECONDS,v1=HEX`.
///
/// HEX is HMAC-SHA256, with the target's secret, over the decimal seconds, a full stop, and the exact bytes of the
/// body. The time limits replays of an intercepted message: receivers refuse one older than five minutes.
enum WebhookSignature {
    static let header = "Telehealth-Signature"

    static func value(_ body: [UInt8], secret: SymmetricKey, seconds: Int64) -> String {
        var mac = HMAC<SHA256>(key: secret)
        mac.update(data: Array("\(seconds).".utf8))
        mac.update(data: body)
        return "t=\(seconds),v1=\(Hex.encode(mac.finalize()))"
    }
}
