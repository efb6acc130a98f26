import Foundation
import NIOCore
import Penstock
import Testing

@testable import Receiver

@Suite struct ExpositionTests {
    @Test("Samples of one metric stand together under one head, whatever came between")
    func families() {
        var exposition = Exposition()
        exposition.add("a", .gauge, "About a.", [("q", "1")], 1)
        exposition.add("b_total", .counter, "About b.", [], 2)
        exposition.add("a", .gauge, "About a.", [("q", "2")], 0.5)
        #expect(
            String(buffer: exposition.buffer) == """
                # HELP a About a.
                # TYPE a gauge
                a{q="1"} 1
                a{q="2"} 0.5
                # HELP b_total About b.
                # TYPE b_total counter
                b_total 2

                """)
    }

    @Test("No label can end itself or its line")
    func labels() {
        var exposition = Exposition()
        exposition.add("a", .gauge, "One\ntwo\\.", [("x", "a\"b\\c\nd"), ("y", "é")], 1)
        #expect(
            String(buffer: exposition.buffer)
                == "# HELP a One\\ntwo\\\\.\n# TYPE a gauge\na{x=\"a\\\"b\\\\c\\nd\",y=\"é\"} 1\n")
    }

    @Test("A histogram ends with the bucket of everything")
    func histogram() {
        var exposition = Exposition()
        exposition.add(
            HistogramSnapshot(
                name: "penstock_run_seconds", help: "Run times.", labels: [("type", "t")],
                buckets: [(0.005, 1), (1, 3), (.infinity, 4)],
                sum: 2.5, count: 4))
        #expect(
            String(buffer: exposition.buffer) == """
                # HELP penstock_run_seconds Run times.
                # TYPE penstock_run_seconds histogram
                penstock_run_seconds_bucket{type="t",le="0.005"} 1
                penstock_run_seconds_bucket{type="t",le="1.0"} 3
                penstock_run_seconds_bucket{type="t",le="+Inf"} 4
                penstock_run_seconds_sum{type="t"} 2.5
                penstock_run_seconds_count{type="t"} 4

                """)
    }

    @Test("Limits of keys are one series, whatever the keys are; limits of types are one each")
    func limits() {
        var exposition = Exposition()
        exposition.add(
            Backlog(
                queue: "q", levels: [], delayed: 0, parked: 9, dead: 0, parkedTypes: [:], events: 0, maxEvents: 1,
                isRecording: false, isPaused: false,
                stopped: [
                    "concurrency:key:a": 1, "concurrency:key:b:c and rate:type:x": 2, "rate:type:push": 3,
                    "singleton:0123": 1, "singleton:4567": 1, "concurrency": 1,
                ],
                slots: ["concurrency:key:a": 4, "concurrency:key:b:c": 5, "concurrency:type:t": 6], totals: [:],
                now: Date()))
        let lines = String(buffer: exposition.buffer).split(separator: "\n")
        #expect(
            lines.filter { $0.hasPrefix("penstock_stopped{") } == [
                "penstock_stopped{queue=\"q\",limit=\"concurrency\"} 1",
                "penstock_stopped{queue=\"q\",limit=\"concurrency:key\"} 3",
                "penstock_stopped{queue=\"q\",limit=\"rate:type:push\"} 3",
                "penstock_stopped{queue=\"q\",limit=\"singleton\"} 2",
            ])
        #expect(
            lines.filter { $0.hasPrefix("penstock_slots{") } == [
                "penstock_slots{queue=\"q\",limit=\"concurrency:key\"} 9",
                "penstock_slots{queue=\"q\",limit=\"concurrency:type:t\"} 6",
            ])
    }

    @Test(
        "A key is admitted whole, as a bearer, and nothing else is",
        arguments: [
            ("Bearer one", true), ("bearer two", true), ("Bearer three", false), ("Bearer on", false),
            ("Bearer onee", false),
            ("Bearer ", false), ("Bearer", false), ("one", false), ("Basic one", false), ("Bearer  one", false),
            (nil, false),
        ])
    func keys(header: String?, isAdmitted: Bool) {
        #expect(APIKeys(["one", "two"]).admit(header) == isAdmitted)
        #expect(!APIKeys([""]).admit("Bearer "))
    }
}
