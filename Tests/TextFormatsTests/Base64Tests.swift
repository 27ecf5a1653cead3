import Testing
import TextFormats

@Suite("Base64 and hexadecimal digits") struct Base64Tests {
    /// RFC 4648 section 10, and bytes whose digits differ between the alphabets.
    private static let rows: [([UInt8], String)] =
        [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ]
        .map { (Array($0.0.utf8), $0.1) } + [
            ([0xFB, 0xFF, 0xBF], "+/+/"), ([0xFF], "/w=="), ([0xFB, 0xF0], "+/A="),
        ]

    @Test(arguments: rows)
    func `each form writes its own digits and reads them back`(bytes: [UInt8], text: String) {
        let unpadded = text.filter { $0 != "=" }
        let url = unpadded.replacing("+", with: "-").replacing("/", with: "_")
        for (form, expected) in [
            (Base64.standard, text), (.unpadded, unpadded), (.url, url), (.eitherAlphabet, text),
            (
                Base64("-", "~", padding: "_"),
                text.replacing("+", with: "-").replacing("/", with: "~").replacing("=", with: "_")
            ),
        ] { #expect(form.text(bytes) == expected && form.encode(bytes[...]) == Array(expected.utf8)) }
        for form in [Base64.standard, .unpadded, .eitherAlphabet] {
            #expect(form.decode(Array(text.utf8)) == bytes && form.decode(Array(unpadded.utf8)) == bytes)
        }
        #expect(
            Base64.url.decode(Array(url.utf8)) == bytes
                && Base64.eitherAlphabet.decode(Array(url.utf8)) == bytes)
        #expect(Base64.standard.decodeCanonical(text) == bytes && Base64.url.decodeCanonical(url) == bytes)
    }

    @Test(arguments: [
        "Z", "Zm9v!", "Zg=", "Z===", "=Zg=", "Zg==Zg==", "====", "Zm9v\n", "Zm 9v", "Ｚg", "Zm9vYg\0",
    ])
    func `text that is not base64 is refused by every form`(text: String) {
        for form in [Base64.standard, .unpadded, .url, .eitherAlphabet] {
            #expect(form.decode(Array(text.utf8)) == nil && form.decodeCanonical(text) == nil)
        }
    }

    @Test func `the digits of the other alphabet are refused unless either is asked for`() {
        #expect(
            Base64.url.decode(Array("+/+/".utf8)) == nil && Base64.standard.decode(Array("-_-_".utf8)) == nil)
        #expect(Base64.eitherAlphabet.decode(Array("-/+_".utf8)) == [0xFB, 0xFF, 0xBF])
    }

    @Test(arguments: ["Zh", "Zm9", "/x", "Zg==", "Zm8="])
    func `canonical reading refuses left-over bits and padding of another form`(text: String) {
        #expect(Base64.url.decodeCanonical(text) == nil)
    }

    @Test func `left-over bits are ignored where the text need not be canonical`() {
        #expect(Base64.unpadded.decode(Array("Zh".utf8)) == Array("f".utf8))
    }

    @Test func `every length comes back`() {
        for count in 0...70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
            for form in [Base64.standard, .unpadded, .url, .eitherAlphabet] {
                #expect(
                    form.decode(form.encode(bytes)) == bytes
                        && form.decodeCanonical(form.text(bytes)) == bytes)
            }
            #expect(
                Base64.standard.encode(bytes).count == (count + 2) / 3 * 4
                    && Base64.url.encode(bytes).count == (count * 4 + 2) / 3)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes && Hex.encode(bytes).utf8.count == count * 2)
        }
    }

    @Test func `hexadecimal digits are written in lower case and read so alone`() {
        #expect(Hex.encode([0x00, 0x0F, 0xA5, 0xFF]) == "000fa5ff")
        for text in ["0", "0g", "0F", "A5", " 0", "0x", "٠٠"] { #expect(Hex.decode(text) == nil, "\(text)") }
        var text: [UInt8] = []
        Hex.append(0xA5, to: &text, upperCase: true)
        #expect(text == Array("A5".utf8))
        for value in UInt8(0)...255 {
            let digit = Character(Unicode.Scalar(value))
            #expect(Hex.value(of: value).map { Int($0) } == (digit.isASCII ? digit.hexDigitValue : nil))
        }
    }

    @Test func `a number has as many digits as it is given room for, and a UUID is 32 of them in groups`() {
        #expect(Hex.encode(0xAB as UInt64) == "00000000000000ab" && Hex.encode(0xAB as UInt64, digits: 1) == "ab")
        #expect(Hex.encode(UInt64.max, digits: 4) == "ffffffffffffffff" && Hex.encode(0 as UInt64, digits: 2) == "00")
        let text = UUIDText.text(0x0123_4567_89AB_CDEF, 0x8000_0000_0000_0001)
        #expect(text == "01234567-89ab-cdef-8000-000000000001" && UUIDText.isValid(text))
        #expect(UUIDText.isValid(text.uppercased()))
        for wrong in ["", text + "0", String(text.dropLast()), text.replacing("-", with: "0"), text.replacing("f", with: "g"),
            text.replacing("1", with: "+"), text.replacing("0", with: "０")]
        { #expect(!UUIDText.isValid(wrong), "\(wrong)") }
        #expect(UUIDText.grouped("0123") == "0123----", "too few digits do not trap")
    }
}
