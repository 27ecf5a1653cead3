import Testing

@testable import ChimeSimulation

@Suite("The bucket") struct ObjectCallTests {
    private func client() -> SignedClient {
        var client = SignedClient()
        client.chime.objects.put(
            Array("0123456789".utf8), at: "a/b c.mp4", contentType: "video/mp4", kmsKeyID: "alias/rec",
            now: client.wallClock)
        return client
    }

    @Test func `a HEAD tells the length and no body`() {
        var client = client()
        let answer = client.send("HEAD", "/telehealth-recordings/a/b%20c.mp4", service: "s3")
        #expect(answer.status == 200)
        #expect(answer.response.header("Content-Length") == "10")
        #expect(answer.response.body.isEmpty)
        #expect(answer.response.header("ETag") == "\"781e5e245d69b566979b86e28d23f2c7\"")
        #expect(answer.response.header("x-amz-server-side-encryption") == "aws:kms")
        #expect(answer.response.header("Last-Modified") == "Tue, 14 Nov 2023 22:13:20 GMT")
    }

    @Test(
        arguments: [
            ("bytes=0-3", "0123", 206), ("bytes=8-", "89", 206), ("bytes=-3", "789", 206),
            ("bytes=5-100", "56789", 206),
            ("bytes=-100", "0123456789", 206), ("bytes=10-", nil, 416), ("bytes=12-20", nil, 416),
            ("bytes=3-1", "0123456789", 200), ("bytes=--5", "0123456789", 200), ("bytes=-0", nil, 416),
            ("bytes=0-9223372036854775807", "0123456789", 206), ("bytes=0-1,3-4", "0123456789", 200),
            ("lines=1-2", "0123456789", 200),
        ] as [(String, String?, Int)])
    func `a range is answered in part, a strange one in full`(header: String, content: String?, status: Int) {
        var client = client()
        // The range is not part of the signature.
        var request = client.signed("GET", "/telehealth-recordings/a/b%20c.mp4", service: "s3")
        request.headers["range"] = header
        let response = client.chime.respond(to: request, at: client.wallClock)
        #expect(response.status == status)
        if let content { #expect(String(decoding: response.body, as: UTF8.self) == content) }
    }

    @Test func `errors are S3's XML`() {
        var client = client()
        let missing = client.send("GET", "/telehealth-recordings/none", service: "s3")
        #expect(missing.status == 404)
        #expect(String(decoding: missing.response.body, as: UTF8.self).contains("<Code>NoSuchKey</Code>"))
        let elsewhere = client.send("GET", "/other-bucket/none", service: "s3")
        #expect(
            String(decoding: elsewhere.response.body, as: UTF8.self).contains("<Code>NoSuchBucket</Code>"))
        let head = client.send("HEAD", "/telehealth-recordings/none", service: "s3")
        #expect(head.status == 404)
        #expect(head.response.body.isEmpty)
    }

    @Test func `a deleted object is gone, and deleting it again succeeds`() {
        var client = client()
        for _ in 0..<2 {
            #expect(client.send("DELETE", "/telehealth-recordings/a/b%20c.mp4", service: "s3").status == 204)
            #expect(client.chime.objects.keys.isEmpty)
        }
    }

    @Test func `the oldest objects go beyond the limit`() {
        var store = ObjectStore(objectsMax: 2)
        for key in ["a", "b", "a", "c"] {
            store.put([1], at: key, contentType: "x", kmsKeyID: nil, now: Timestamp(microseconds: 0))
        }
        #expect(store.keys == ["b", "c"])
    }
}
