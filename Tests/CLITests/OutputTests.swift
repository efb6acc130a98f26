import Foundation
import Logging
import Penstock
import Testing

@testable import CLI

@Suite struct OutputTests {
    @Test(arguments: [
        (-1.0, "0ms"), (0.12, "120ms"), (1.0, "1s"), (59.9, "59s"), (62.0, "1m 02s"), (11_100.0, "3h 05m"),
        (273_600.0, "3d 04h"), (1e30, "years"),
    ])
    func `ages are read at a glance`(seconds: Double, text: String) {
        #expect(TimeText.age(seconds) == text)
    }

    @Test func `columns are aligned, words to the left and numbers to the right`() {
        var table = Table([("NAME", .left), ("N", .right), ("LAST", .left)])
        table.add(["a", "1", ""])
        table.add(["longer", "1000", "x"])
        #expect(table.lines == ["NAME       N  LAST", "a          1", "longer  1000  x"])
    }

    @Test func `two looks give rates and the time to drain`() {
        let first = backlog(waiting: 100, accepted: 0, completed: 0, at: 0)
        #expect(BacklogSample(first).drain == nil)
        let faster = BacklogSample(backlog(waiting: 90, accepted: 20, completed: 40, at: 2), after: first)
        #expect(faster.rateIn == 10)
        #expect(faster.rateOut == 20)
        #expect(faster.drain == .seconds(9))
        #expect(BacklogSample(backlog(waiting: 9, accepted: 9, completed: 9, at: 1), after: first).drain == .never)
        #expect(
            BacklogSample(backlog(waiting: 0, accepted: 9, completed: 0, at: 1), after: first).drain == .nothingWaits)
        let paused = backlog(waiting: 9, accepted: 0, completed: 9, at: 1, isPaused: true)
        #expect(BacklogSample(paused, after: first).drain == .never)
    }

    @Test func `what holds jobs back is said below the table`() {
        var full = backlog(waiting: 1, accepted: 1, completed: 0, at: 0, isPaused: true)
        #expect(
            BacklogSample(full).notes == [
                "q: 12 parked: no worker runs type push",
                "q: paused; penstock resume q resumes it",
                "q: 5 events wait for Postgres",
            ])
        full = backlog(waiting: 1, accepted: 1, completed: 0, at: 0, events: 10)
        #expect(BacklogSample(full).isAtBound)
        #expect(
            BacklogSample(full).notes.last
                == "q: 10 events wait for Postgres, which is the bound: no job is claimed until a sink records them")
    }

    @Test func `an event is one line, for people and for machines`() throws {
        let date = Date(timeIntervalSince1970: 1_700_000_000.25)
        let facts = [("error", "a \"b\"\nc"), ("queue", "github")]
        let plain = StderrLog(label: "penstock", level: .info, format: .plain).line(
            .info, "two\nlines", facts, at: date)
        #expect(plain == "2023-11-14T22:13:20.250Z info    two lines error=\"a \\\"b\\\"\\nc\" queue=github")
        let json = StderrLog(label: "penstock", level: .info, format: .json).line(.info, "m", facts, at: date)
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String]
        #expect(
            object == [
                "time": "2023-11-14T22:13:20.250Z", "level": "info", "logger": "penstock", "message": "m",
                "error": "a \"b\"\nc", "queue": "github",
            ])
    }

    @Test func `a time in a sentence of the library becomes a date`() {
        #expect(Why.readable("is due in 5 s (at 1700000000250)") == "is due in 5 s (at 2023-11-14T22:13:20.250Z)")
        #expect(Why.readable("has room (at 5)") == "has room (at 5)")
    }

    @Test(arguments: [("a-b.c", "a-b.c"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''")])
    func `a word can be typed in a shell as it is shown`(text: String, word: String) {
        #expect(text.shellWord == word)
    }

    @Test func `what limits, switches and bounds do to a queue is said below the table`() {
        let backlog = Backlog(
            queue: "q", levels: [], delayed: 1, parked: 4, dead: 0, parkedTypes: [:], events: 0, maxEvents: 10,
            isRecording: false, isPaused: true, isDraining: true, isStrict: true, isFair: true, maxLength: 10,
            bytes: 1_300_000, maxBytes: 64 << 20, refuse: .normal,
            stopped: ["concurrency:key:a": 3, "moving:other": 1], slots: ["concurrency": 2, "concurrency:key:a": 1],
            limits: ["concurrency": "5", "concurrency:key": "1", "paused:type:push": "yes"],
            totals: ["accepted": 5, "dead": 1, "failed": 0], now: Date(timeIntervalSince1970: 0))
        let sample = BacklogSample(backlog)
        #expect(
            sample.notes == [
                "q: strict levels, fair keys",
                "q: 3 parked: stopped by concurrency:key:a",
                "q: 1 parked on the way to queue other; repeat the move",
                "q: 2 of 5 slots of concurrency are taken",
                "q: 1 of 1 slots of concurrency:key:a are taken",
                "q: 5 of 10 jobs, 1.2 MiB of 64 MiB payload; when full it refuses normal and below",
                "q: type push is paused; penstock resume q --type push resumes it",
                "q: draining: no new jobs are taken; penstock resume q takes them again",
                "q: paused; penstock resume q resumes it",
            ])
        #expect(
            sample.hindrances == [
                "q: jobs are delayed, and run when they are due; penstock move ID --delay 0s runs one now",
                "q: jobs are on the way to queue other; repeat the move",
                "q: type push is paused; penstock resume q --type push resumes it",
                "q: paused, so nothing of it ends; penstock resume q resumes it, then drain it again",
            ])
        let bound = self.backlog(waiting: 1, accepted: 1, completed: 0, at: 1, events: 10)
        #expect(
            BacklogSample(bound).hindrances == [
                "q: no worker runs type push, and jobs of it wait; start one",
                "q: 10 events wait for Postgres: no job is claimed until a sink records them",
            ])
        #expect(sample.totals == "5 accepted, 1 dead")
        #expect(
            Purge.question(backlog, state: nil, type: "push")
                == "purge cancels the jobs of type push among 0 waiting, 1 delayed, 4 parked of queue q for good")
        #expect(
            Purge.question(backlog, state: .dead, type: nil) == "purge removes 0 dead of queue q for good")
    }

    @Test func `what strangers wrote cannot steer a terminal`() {
        #expect("a\u{202E}b".harmless == "a\u{FFFD}b")
        #expect("a\u{1B}[2Jb\u{9B}1m\tc\n\u{7F}é".harmless == "a\u{FFFD}[2Jb\u{FFFD}1m\tc\n\u{FFFD}é")
    }

    private func backlog(
        waiting: Int, accepted: Int, completed: Int, at seconds: Double, isPaused: Bool = false, events: Int = 5
    ) -> Backlog {
        Backlog(
            queue: "q", levels: [.init(name: "normal", waiting: waiting, running: 0, oldest: nil)], delayed: 0,
            parked: 12, dead: 0, parkedTypes: ["push": 12], events: events, maxEvents: 10, isRecording: true,
            isPaused: isPaused, totals: ["accepted": accepted, "completed": completed],
            now: Date(timeIntervalSince1970: seconds))
    }
}
