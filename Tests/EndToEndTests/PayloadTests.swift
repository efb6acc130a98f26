import Crypto
import Foundation
import Testing

extension EndToEnd {
    @Suite struct PayloadTests {
        /// What JSON, jsonb and text cannot hold, and what is much.
        static let payloads: [(name: String, bytes: Data, isJSON: Bool)] = [
            ("json", Data(#"{"a": [1, 2.50, "ü"]}"#.utf8), true),
            ("escaped-zero", Data(#"{"a":"\u0000"}"#.utf8), false),
            ("zero", Data([0]), false),
            ("not-utf8", Data([0x22, 0xff, 0xfe, 0x22]), false),
            ("lone-surrogate", Data(#""\ud800""#.utf8), false),
            ("text", Data("no JSON\r\nat all\n".utf8), false),
            ("empty", Data(), false),
            ("deep", Data((String(repeating: "[", count: 50_000) + String(repeating: "]", count: 50_000)).utf8), false),
            ("big-json", Data("[\"\(String(repeating: "x", count: 20 << 20))\"]".utf8), true),
            ("big-bytes", Data((0..<(20 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }), false),
        ]

        @Test func `payloads of every kind reach the program and the row byte for byte`() async throws {
            try await Plant.with(jobs: ["digest: { exec: [openssl, dgst, -sha256] }"]) { plant in
                _ = try await plant.started("all")
                for payload in Self.payloads {
                    // The last word is the payload, from stdin.
                    let answer = try await plant.redisCLI(
                        ["-x", "FCALL", "penstock_enqueue", "1", plant.queue, "digest"], input: payload.bytes)
                    #expect(answer.first == "queued", "\(payload.name)")
                    let id = try #require(answer.last)
                    try await eventually("the row of \(payload.name)") {
                        await plant.count("jobs", where: "id = '\(id)' AND state = 'completed'") == 1
                    }
                    let digest = SHA256.hash(data: payload.bytes).map { byte in
                        String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
                    }.joined()
                    #expect(
                        await plant.count("jobs", where: "id = '\(id)' AND result::text LIKE '%\(digest)%'") == 1,
                        "\(payload.name)")
                    if payload.isJSON {
                        #expect(await plant.count("jobs", where: "id = '\(id)' AND payload_bytes IS NULL") == 1)
                        #expect(
                            await plant.count("jobs", "octet_length(payload::text)", where: "id = '\(id)'")
                                == payload.bytes.count)
                    } else {
                        #expect(
                            await plant.count(
                                "jobs",
                                where:
                                    "id = '\(id)' AND payload IS NULL AND encode(sha256(payload_bytes), 'hex') = '\(digest)'"
                            ) == 1, "\(payload.name)")
                    }
                }
            }
        }
    }
}
