import Foundation
import NIOCore
import Support
import Testing

@testable import Penstock

@Suite struct IdentifierTests {
    @Test func `a version 7 id begins with its time, and is of the right version and variant`() {
        let id = UUID.version7(now: Date(timeIntervalSince1970: 1_645_557_742)).uuidString.lowercased()
        // The time of the example in RFC 9562, appendix A.6.
        #expect(id.hasPrefix("017f22e2-79b0-7"))
        #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
    }

    @Test func `ids sort by their time, and no two are the same`() {
        let ids = (0..<1000).map { UUID.version7(now: Date(milliseconds: 1_700_000_000_000 + $0)).uuidString }
        #expect(ids == ids.sorted())
        let now = Date()
        #expect(Set((0..<10_000).map { _ in UUID.version7(now: now) }).count == 10_000)
        #expect(UUID.version7(now: Date(timeIntervalSince1970: -5)).uuidString.hasPrefix("00000000-0000-7"))
    }

    @Test(
        arguments: [
            (Duration.zero, 0), (.milliseconds(1), 1), (.microseconds(1999), 1), (.seconds(90), 90_000),
            (.milliseconds(-1500), -1500), (.seconds(Int64.max), Int64.max), (.seconds(Int64.min), Int64.min),
        ] as [(Duration, Int64)])
    func `durations are whole milliseconds, and too long ones do not overflow`(duration: Duration, expected: Int64) {
        #expect(duration.milliseconds == expected)
    }

    @Test(arguments: [("5-6", true), ("5", false), ("5-", false), ("a-b", false), ("5-6-7", false), ("", false)])
    func `an event's id is two numbers`(text: String, isID: Bool) {
        let id = Event.ID(text)
        #expect((id != nil) == isID)
        #expect(!isID || id?.description == text)
    }

    @Test(arguments: [
        ("critical", Priority.critical), ("high", .high), ("normal", .normal), ("low", .low), ("0", .critical),
        ("3", .low), ("4", nil), ("High", nil), ("", nil),
    ])
    func `a priority has a name and a number`(text: String, priority: Priority?) {
        #expect(Priority(name: text) == priority)
    }

    @Test(arguments: [
        ("github", true), ("staging/git.hub_1-2", true), ("", false), ("a b", false), ("a{b}", false), ("ä", false),
    ])
    func `a queue's name is checked`(name: String, isValid: Bool) throws {
        #expect(Queue.isValid(name) == isValid)
        #expect(Queue.isValid(String(repeating: "q", count: 128)) && !Queue.isValid(String(repeating: "q", count: 129)))
        let store = try Store(url: "unix:///tmp/penstock-nobody-listens.sock", logger: .silent)
        #expect((try? Queue(name, in: store)) == nil || isValid)
    }
}
