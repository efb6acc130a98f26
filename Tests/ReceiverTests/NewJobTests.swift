import Foundation
import NIOCore
import Penstock
import Testing

@testable import Receiver

@Suite struct NewJobTests {
    private func job(_ text: String, maxPayload: Int = 1 << 20) throws -> NewJob {
        try NewJob(RawJSON(ByteBuffer(string: text)), maxPayload: maxPayload)
    }

    @Test(
        "A payload is kept byte for byte",
        arguments: [
            "null", "1.0", "1e2", #""\u00e9\/""#, "[ 1,\t2 ]", "{ \"b\":1, \"a\" : 2,\n\"b\":3 }",
            "12345678901234567890.10", "\"\u{7F}é\"",
        ])
    func payload(text: String) throws {
        #expect(String(buffer: try job(#"{"type":"t", "payload" : \#(text) ,"key":"k"}"#).payload) == text)
    }

    @Test("A job without a payload has null")
    func noPayload() throws {
        #expect(String(buffer: try job(#"{"type":"t"}"#).payload) == "null")
    }

    @Test("All fields arrive")
    func fields() throws {
        let job = try job(
            #"""
            {"type":"t","id":"i","priority":"high","key":"k","delay":"5m","unique":"u","ttl":1000,"attempts":3,"timeout":"10s",
            "headers":{"X-A":"b"}}
            """#)
        #expect(
            job.type == "t" && job.id == "i" && job.priority == .high && job.key == "k" && job.unique == "u"
                && job.attempts == 3)
        #expect(job.delay == .seconds(300) && job.ttl == .seconds(1) && job.timeout == .seconds(10))
        #expect(job.headers == ["x-a": "b"] && job.source == "api")
    }

    @Test("A number is the same with an empty fraction or an exponent")
    func wholeNumbers() throws {
        let job = try job(#"{"type":"t","attempts":3.0,"delay":1e3,"ttl":2.50e2,"unique":"u","priority":1.0}"#)
        #expect(job.priority == .high && job.attempts == 3 && job.delay == .seconds(1) && job.ttl == .milliseconds(250))
    }

    @Test("Deduplication and deadlines arrive as they are said")
    func uniqueness() throws {
        let plain = try job(#"{"type":"t"}"#)
        #expect(plain.scope == nil && plain.conflict == .skip && plain.singleton == nil && plain.late == .bury)
        let debounced = try job(
            #"{"type":"t","unique":"u","conflict":"replace","maxWait":"1m","deadline":"10s","late":"drop"}"#)
        #expect(debounced.conflict == .replace && debounced.scope == nil && debounced.maxWait == .seconds(60))
        #expect(debounced.deadline == .seconds(10) && debounced.late == .drop)
        let window = try job(#"{"type":"t","unique":"u","conflict":"replace","scope":"window","ttl":"1h"}"#)
        #expect(window.scope == .window && window.ttl == .seconds(3600))
        #expect(try job(#"{"type":"t","unique":"u","scope":"until-finished"}"#).scope == .untilFinished)
        #expect(try job(#"{"type":"t","unique":"u","singleton":"cancel"}"#).singleton == .cancel)
    }

    @Test(
        "A time is RFC 3339 or milliseconds",
        arguments: [#""2030-01-02T03:04:05.678Z""#, "1893553445678", #""2030-01-02T05:04:05.678+02:00""#])
    func at(text: String) throws {
        let at = try #require(try job(#"{"type":"t","at":\#(text)}"#).at)
        #expect(abs(at.timeIntervalSince1970 - 1_893_553_445.678) < 0.0001)
    }

    @Test("A time without a fraction is a time, and is written back with one")
    func wholeSeconds() throws {
        let date = try #require(TimeText.date("2030-01-02T03:04:05Z"))
        #expect(TimeText.text(date) == "2030-01-02T03:04:05.000Z")
        for milliseconds in [1, 7, 123, 678, 999] {
            let text = TimeText.text(Date(milliseconds: 1_893_553_445_000 + milliseconds))
            #expect(text.hasSuffix(".\(String(repeating: "0", count: 3 - "\(milliseconds)".count))\(milliseconds)Z"))
        }
    }

    @Test(
        "Durations have a unit",
        arguments: [
            ("500ms", 500), ("10s", 10_000), ("5m", 300_000), ("2h", 7_200_000), ("1d", 86_400_000), ("0s", 0),
            ("", nil), ("s", nil),
            ("10", nil), ("-1s", nil), ("1.5s", nil), ("1 s", nil), ("1w", nil), ("10sm", nil),
            ("99999999999999999999s", nil),
            ("9223372036854775807d", nil), ("+5s", nil), ("٣s", nil),
        ])
    func durations(text: String, milliseconds: Int?) {
        #expect(TimeText.milliseconds(text) == milliseconds)
    }

    @Test(
        "A mistake is named",
        arguments: [
            ("[]", "object"), ("1", "object"), ("{}", "type"), (#"{"payload":1}"#, "type"), (#"{"type":1}"#, "type"),
            (#"{"type":""}"#, "type"),
            (#"{"type":null}"#, "type"), (#"{"type":"a\nb"}"#, "type"),
            (#"{"type":"t","prioritiy":"high"}"#, "prioritiy"),
            (#"{"type":"t","type":"u"}"#, "twice"), (#"{"type":"t","priority":"urgent"}"#, "priority"),
            (#"{"type":"t","priority":4}"#, "priority"),
            (#"{"type":"t","delay":"soon"}"#, "delay"), (#"{"type":"t","delay":-1}"#, "delay"),
            (#"{"type":"t","delay":1.5}"#, "delay"),
            (#"{"type":"t","delay":100000000000}"#, "delay"), (#"{"type":"t","ttl":0}"#, "ttl"),
            (#"{"type":"t","timeout":"0s"}"#, "timeout"),
            (#"{"type":"t","attempts":0}"#, "attempts"), (#"{"type":"t","attempts":"3"}"#, "attempts"),
            (#"{"type":"t","attempts":3.5}"#, "attempts"), (#"{"type":"t","attempts":1e400}"#, "attempts"),
            (#"{"type":"t","at":"tomorrow"}"#, "at"), (#"{"type":"t","at":"2030-01-02"}"#, "at"),
            (#"{"type":"t","at":-1}"#, "at"),
            (#"{"type":"t","at":1,"delay":1}"#, "delay and at"), (#"{"type":"t","unique":""}"#, "unique"),
            (#"{"type":"t","unique":1}"#, "unique"),
            (#"{"type":"t","id":""}"#, "id"), (#"{"type":"t","key":{}}"#, "key"),
            (#"{"type":"t","headers":[]}"#, "headers"),
            (#"{"type":"t","headers":{"a":1}}"#, "headers"),
            (#"{"type":"t","unique":"u","scope":"always"}"#, "window, until-started or until-finished"),
            (#"{"type":"t","unique":"u","conflict":"fail"}"#, "skip, replace or cancel"),
            (#"{"type":"t","unique":"u","singleton":"replace"}"#, "skip or cancel"),
            (#"{"type":"t","unique":"u","singleton":true}"#, "singleton"),
            (#"{"type":"t","deadline":0}"#, "deadline"), (#"{"type":"t","deadline":1,"late":"run"}"#, "bury or drop"),
            (#"{"type":"t","late":"drop"}"#, "late is given without deadline"),
            (#"{"type":"t","ttl":1}"#, "ttl is given without unique"),
            (#"{"type":"t","scope":"window"}"#, "scope is given without unique"),
            (#"{"type":"t","conflict":"skip"}"#, "conflict is given without unique"),
            (#"{"type":"t","singleton":"skip"}"#, "singleton is given without unique"),
            (#"{"type":"t","unique":"u","maxWait":1}"#, "maxWait is given without conflict replace"),
            (#"{"type":"t","unique":"u","singleton":"skip","conflict":"skip"}"#, "singleton and conflict"),
            (#"{"type":"t","unique":"u","singleton":"skip","scope":"window"}"#, "singleton and scope"),
            (#"{"type":"t","unique":"u","scope":"until-started","ttl":1}"#, "ttl"),
            (#"{"type":"t","unique":"u","conflict":"replace","ttl":1}"#, "ttl"),
            (#"{"type":"t","unique":"u","singleton":"skip","ttl":1}"#, "ttl"),
        ])
    func mistakes(text: String, named: String) {
        let problem = #expect(throws: Problem.self) { try job(text) }
        #expect(problem?.status == .badRequest)
        #expect(problem?.detail.contains(named) == true)
    }

    @Test("A field that is null is not there")
    func nulls() throws {
        let job = try job(#"{"type":"t","key":null,"delay":null,"at":null,"headers":null}"#)
        #expect(job.key == nil && job.delay == nil && job.at == nil && job.headers.isEmpty)
    }

    @Test("A payload over the limit is too large, one at the limit is not")
    func size() throws {
        #expect(try job(#"{"type":"t","payload":"12345678"}"#, maxPayload: 10).payload.readableBytes == 10)
        let problem = #expect(throws: Problem.self) { try job(#"{"type":"t","payload":"123456789"}"#, maxPayload: 10) }
        #expect(problem?.status == .contentTooLarge)
    }
}
