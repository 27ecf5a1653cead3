internal import Crypto
internal import TextFormats

/// How a receiver knows that a message is ours and fresh: `Telehealth-Signature: t=SECONDS,v1=HEX`.
///
/// HEX is HMAC-SHA256, under the target's secret, of the decimal seconds, a full stop, and the body byte for
/// byte. The time in it bounds how long a message caught on the way can be played again: a receiver refuses
/// one older than five minutes.
enum WebhookSignature {
    static let header = "Telehealth-Signature"

    static func value(_ body: [UInt8], secret: SymmetricKey, seconds: Int64) -> String {
        var mac = HMAC<SHA256>(key: secret)
        mac.update(data: Array("\(seconds).".utf8))
        mac.update(data: body)
        return "t=\(seconds),v1=\(Hex.encode(mac.finalize()))"
    }
}
