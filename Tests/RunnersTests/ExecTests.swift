import Foundation
import NIOCore
import Testing

@testable import Penstock
@testable import Runners

@Suite struct ExecTests {
    private func run(_ script: String, _ job: Job = .sample()) async throws -> Output {
        try await Exec(arguments: ["bash", "-c", script]).handler(job)
    }

    @Test(arguments: [
        (#"{"a":1}"#, #"{"a":1}"#), (" \n[1, 2.50]\r\n", "[1, 2.50]"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("null", "null"), (#""text""#, #""text""#), ("done\n", #""done\n""#), ("{'a':1}", #""{'a':1}""#),
        ("[1] [2]", #""[1] [2]""#), ("01", #""01""#),
        ("tab\there \"quoted\" \u{1}", #""tab\u0009here \"quoted\" \u0001""#),
    ])
    func `JSON is stored as it stands, other text as a JSON string`(text: String, result: String) async throws {
        let output = try await Exec(arguments: ["cat"]).handler(.sample(text))
        #expect(output.text == result)
    }

    @Test(arguments: ["true", "echo", "printf ' \\n\\t'"])
    func `no output is no result`(script: String) async throws {
        #expect(try await run(script) == .none)
    }

    @Test func `broken characters are repaired`() async throws {
        #expect(try await run(#"printf 'a\xffb'"#).text == "\"a\u{FFFD}b\"")
        #expect(try await run(#"printf '{"a":"\xff"}'"#).text == "{\"a\":\"\u{FFFD}\"}")
        #expect(try await run(#"printf 'a\0b'"#).text == "\"a\u{FFFD}b\"")
    }

    @Test func `arguments reach the program without a shell`() async throws {
        let output = try await Exec(arguments: ["printf", "%s|", "$HOME", "a b", "*", ""]).handler(.sample())
        #expect(output.text == #""$HOME|a b|*||""#)
    }

    @Test func `the facts of the job are in the environment`() async throws {
        let names = [
            "JOB_ID", "QUEUE", "TYPE", "PRIORITY", "KEY", "ATTEMPT", "MAX_ATTEMPTS", "ENQUEUED_AT", "SOURCE", "HEADERS",
        ]
        let script = names.map { "printf '%s\\n' \"$PENSTOCK_\($0)\"" }.joined(separator: ";")
        let job = Job.sample(key: "octo/repo\0", source: "github", headers: ["x-b": "2", "x-a": "\"1\""])
        #expect(
            try await run(script, job).value() as? String == """
                job-1
                github
                sample
                high
                octo/repo
                2
                7
                2023-11-14T22:13:20.250Z
                github
                {"x-a":"\\"1\\"","x-b":"2"}

                """)
    }

    @Test func `facts that the job lacks are not inherited, nor is what is withheld`() async throws {
        setenv("PENSTOCK_SOURCE", "of our own", 1)
        setenv("PENSTOCK_TEST_SECRET", "sesame", 1)
        setenv("PENSTOCK_TEST_PLAIN", "plain", 1)
        let script = #"printf %s "${PENSTOCK_SOURCE-none} ${PENSTOCK_TEST_SECRET-none} $PENSTOCK_TEST_PLAIN""#
        let exec = Exec(arguments: ["bash", "-c", script], withholding: ["PENSTOCK_TEST_SECRET"])
        #expect(try await exec.handler(.sample()).text == #""none none plain""#)
    }

    @Test(arguments: ["true", "exec 0<&-; echo", "head -c 1 >/dev/null", "head -c 100000 > /dev/null; exec 0<&-; echo"])
    func `a command need not read its input to the end`(script: String) async throws {
        let payload = String(repeating: "x", count: 20 << 20)
        #expect(try await run(script, .sample(payload)) == .none)
    }

    @Test func `a large payload arrives whole`() async throws {
        let payload = String(repeating: "0123456789", count: 2 << 20)
        let count = try await run("wc -c", .sample(payload)).value() as? Int
        #expect(count == payload.utf8.count)
    }

    @Test func `output beyond the limit is read and dropped, and the result says so`() async throws {
        let output = try await run("head -c 31457280 /dev/zero | tr '\\0' x; echo read to the end >&2")
        let result = try #require(try output.value() as? [String: Any])
        #expect(result["truncated"] as? Bool == true)
        let kept = try #require(result["output"] as? String)
        #expect(kept.utf8.count > 1_000_000 && kept.utf8.count <= 1 << 20 && kept.allSatisfy { $0 == "x" })
    }

    @Test func `text that grows beyond the limit by its escapes is cut, not lost`() async throws {
        let output = try await run("yes | head -c 1000000")
        let result = try #require(try output.value() as? [String: Any])
        #expect(result["truncated"] as? Bool == true)
        #expect((result["output"] as? String)?.hasPrefix("y\ny\n") == true)
        #expect((output.json?.readableBytes ?? 0) <= (1 << 20) + 1024)
    }

    @Test func `JSON of a mebibyte is kept whole`() async throws {
        let text = "\"" + String(repeating: "x", count: (1 << 20) - 2) + "\""
        #expect(try await Exec(arguments: ["cat"]).handler(.sample(text)).text == text)
    }

    @Test func `exit 65 buries with the reason from standard error`() async throws {
        let bury = try await #require(throws: Bury.self) { try await run("echo no such customer >&2; exit 65") }
        #expect(bury.reason == "the command exited with 65 and wants no retry: no such customer")
    }

    @Test(arguments: [
        ("echo first >&2; echo last words >&2; exit 3", "the command exited with 3: first\nlast words"),
        ("exit 1", "the command exited with 1; it said nothing on standard error"),
        ("echo '{}'; kill -KILL $$", "the command was ended by signal 9; it said nothing on standard error"),
        ("kill -PIPE $$", "the command was ended by signal 13; it said nothing on standard error"),
    ])
    func `every other end is an error that says how it ended`(script: String, text: String) async throws {
        let error = try await #require(throws: ExecError.self) { try await run(script) }
        #expect("\(error)" == text)
    }

    @Test func `an error carries only the end of a long complaint`() async throws {
        let error = try await #require(throws: ExecError.self) {
            try await run("yes ä | head -c 4999998 >&2; echo the point >&2; exit 9")
        }
        #expect("\(error)".hasSuffix("ä\nthe point"))
        #expect("\(error)".utf8.count < 2200 && !"\(error)".contains("\u{FFFD}"))
    }

    @Test(arguments: ["no-such-program-here", "/no/such/program", "./no-such-program", "/"])
    func `a program that cannot be started is an error, which retries`(program: String) async throws {
        let error = try await #require(throws: ExecError.self) {
            try await Exec(arguments: [program]).handler(.sample())
        }
        #expect("\(error)".contains(program))
    }

    @Test func `an empty command is an error`() async throws {
        await #expect(throws: ExecError.self) { try await Exec(arguments: []).handler(.sample()) }
    }

    @Test func `many commands run at a time`() async throws {
        try await withThrowingTaskGroup(of: String?.self) { group in
            for number in 0..<40 {
                group.addTask { try await Exec(arguments: ["cat"]).handler(.sample("\(number)")).text }
            }
            var results: Set<String?> = []
            for try await result in group { results.insert(result) }
            #expect(results == Set((0..<40).map { "\($0)" }))
        }
    }

    @Test(arguments: ["echo alive", "echo alive >&2"])
    func `output on either stream is a sign of life`(script: String) async throws {
        let job = Job.sample()
        #expect(job.pulse.lastBeat == nil)
        _ = try await run(script, job)
        #expect(job.pulse.lastBeat != nil)
    }
}
