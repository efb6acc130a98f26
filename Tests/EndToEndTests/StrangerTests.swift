import Foundation
import NIOCore
import Testing

@testable import Servers

extension EndToEnd {
    @Suite struct StrangerTests {
        static let garbage: [[UInt8]] = [
            Array("\0\0\0\0\r\n\r\n".utf8),
            [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03],
            Array("*1\r\n$4\r\nPING\r\n".utf8),
            Array("GET / HTTP/9.9\r\n\r\n".utf8),
            Array("POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n".utf8),
            Array("POST /webhooks/github HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n".utf8),
            Array("GET /".utf8) + [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20),
            (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) },
        ]

        @Test func `garbage, a body that is too big and slow clients hold nobody up`() async throws {
            try await Plant.with { plant in
                let process = try await plant.started("all")
                let port = try #require(process.port)
                // Held open, in the head and in the body.
                guard let slowHead = Dialogue(.port(port)) else { throw Overdue(what: "a connection") }
                let slowHeadSent = slowHead.send(Array("POST /webhooks/github HTTP/1.1\r\nHost: x\r\nX-Slo".utf8))
                guard let slowBody = Dialogue(.port(port)) else { throw Overdue(what: "a connection") }
                let slowBodySent = slowBody.send(
                    Array("POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{".utf8)
                )
                #expect(slowHeadSent && slowBodySent)
                for bytes in Self.garbage {
                    guard let stranger = Dialogue(.port(port)) else { throw Overdue(what: "a connection") }
                    _ = stranger.send(bytes)
                    #expect(try await HTTP.get("\(process.url)/healthz").status == 200)
                }
                #expect(try Self.answer(to: 26 << 20, on: port) == "HTTP/1.1 413")
                #expect(try await Delivery.push.post(to: process).status == 202)
                try await eventually("the row of the good one") {
                    await plant.count("jobs", where: "state = 'completed'") == 1
                }
                #expect(await plant.count("jobs") == 1)
                #expect(!process.hasEnded)
                _ = (slowHead.send([10]), slowBody.send([10]))
            }
        }

        /// The first words of the answer to a body of so many bytes. A client that sends it all, whatever it hears meanwhile.
        private static func answer(to bytes: Int, on port: Int) throws -> String {
            guard let sender = Dialogue(.port(port)) else { throw Overdue(what: "a connection") }
            let head =
                "POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: \(bytes)\r\n\r\n"
            _ = sender.send(Array(head.utf8) + [UInt8](repeating: UInt8(ascii: " "), count: bytes))
            return String(decoding: sender.receive(12) ?? [], as: UTF8.self)
        }
    }
}
