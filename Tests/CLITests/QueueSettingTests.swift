import Penstock
import Servers
import Support
import Testing

@testable import CLI

/// Settings and limits of queues in `penstock.yaml`.
@Suite struct QueueSettingTests {
    private static let server = Result { try RedisServer.started() }

    @Test func `everything that a queue can be told is read, in the words of the function library`() {
        let result = ConfigurationReader.example.read(
            """
            queues:
              github:
                policy: strict
                fair: yes
                maxLength: 1000
                maxBytes: 64MiB
                refuse: normal
                retention: 90d
                concurrency: 100
                retries: 100/1m
                types:
                  push: { concurrency: 5, retries: 10/1h/3 }
              mail:
                rate: 100/1s/20
                eachKey: { concurrency: 2 }
                keys:
                  octocat/hello: { concurrency: 5 }
                  "a: b": { concurrency: 1 }
            """)
        #expect(result.mistakes == [])
        #expect(
            result.configuration.queues["github"] == [
                "policy": "strict", "fair": "yes", "maxLength": "1000", "maxBytes": "67108864", "refuse": "normal",
                "retention": "7776000000", "concurrency": "100", "retries": "100/60000",
                "concurrency:type:push": "5", "retries:type:push": "10/3600000/3",
            ])
        #expect(
            result.configuration.queues["mail"] == [
                "rate": "100/1000/20", "concurrency:key": "2", "concurrency:key:octocat/hello": "5",
                "concurrency:key:a: b": "1",
            ])
    }

    static let mistakes = [
        ("polcy: strict", "polcy: the key is unknown; did you mean \"policy\"?"),
        ("policy: strickt", "policy: \"strickt\" is not weighted or strict"),
        ("fair: sometimes", "fair: \"sometimes\" is not yes or no"),
        (
            "maxBytes: 64MB",
            "maxBytes: \"64MB\" is not a number of bytes such as 1000000, 512KiB or 64MiB; 0 is no limit"
        ),
        ("refuse: 2", "refuse: \"2\" is not critical, high, normal or low"),
        ("retention: 90", "retention: \"90\" is no duration; write one such as 500ms, 10s, 5m, 2h or 1d"),
        (
            "concurrency: 0",
            "concurrency: \"0\" is not a number of runs from 1 to 1000000; leave it out for no limit"
        ),
        (
            "rate: 100",
            "rate: \"100\" is not a rate COUNT/PERIOD or COUNT/PERIOD/BURST, such as 100/1s or 5000/1h/20"
        ),
        (
            "rate: 100/60",
            "rate: \"100/60\" is not a rate COUNT/PERIOD or COUNT/PERIOD/BURST, such as 100/1s or 5000/1h/20"
        ),
        (
            "retries: []",
            "retries: is a list; it has to be a rate COUNT/PERIOD or COUNT/PERIOD/BURST, such as 100/1s or 5000/1h/20"
        ),
        (
            "types: { push: { lease: 1s } }",
            "types.push.lease: the key is unknown; known keys are concurrency, rate, retries"
        ),
        ("types: { push: 5 }", "types.push: is the text \"5\"; it has to be a mapping"),
        ("eachKey: { retries: 1/1s }", "eachKey.retries: the key is unknown; known keys are concurrency, rate"),
        ("eachkey: {}", "eachkey: the key is unknown; did you mean \"eachKey\"?"),
        (
            "keys: { a/b: { concurrency: many } }",
            "keys.a/b.concurrency: \"many\" is not a number of runs from 1 to 1000000; leave it out for no limit"
        ),
    ]

    @Test(arguments: mistakes) func `a mistake in a queue is told with line, key and remedy, and alone`(
        yaml: String, line: String
    ) {
        let lines = ConfigurationReader.example.read("queues:\n  q:\n    \(yaml)").mistakes.lines(in: "f")
        #expect(lines == ["f:3: queues.q.\(line)"])
    }

    @Test func `a type that no job has is probably a slip of the pen`() {
        let result = ConfigurationReader.example.read(
            """
            jobs: { activity: { handler: github.activity } }
            queues: { q: { types: { activty: { concurrency: 1 }, elsewhere: { concurrency: 1 } } } }
            """)
        #expect(result.mistakes == [])
        #expect(
            result.warnings.lines(in: "f").last
                == "f:2: queues.q.types.activty: no job of this file has the type \"activty\"; did you mean \"activity\"?"
        )
        #expect(result.warnings.count == 2)
    }

    /// What one job may have; the number is that of its limits.
    static let limits = [
        ("concurrency: 1\nrate: 1/1s", 2),
        ("concurrency: 1\nrate: 1/1s\ntypes: { a: { rate: 1/1s } }", 3),
        ("concurrency: 1\ntypes: { a: { rate: 1/1s }, b: { concurrency: 1 } }", 2),
        ("types: { a: { rate: 1/1s, concurrency: 1 } }\nkeys: { k: { rate: 1/1s } }", 3),
        ("eachKey: { concurrency: 1 }\nkeys: { k: { rate: 1/1s } }", 2),
        ("concurrency: 1\neachKey: { concurrency: 1 }\nkeys: { k: { rate: 1/1s } }", 3),
        ("concurrency: 1\neachKey: { concurrency: 1 }\nkeys: { k: { concurrency: 9 } }\nretries: 1/1s", 2),
        ("eachKey: { concurrency: 1, rate: 1/1s }\ntypes: { a: { retries: 1/1s } }", 2),
        ("concurrency: 1\nrate: 1/1s\neachKey: { concurrency: 1, rate: 1/1s }", 4),
    ]

    @Test(arguments: limits) func `two limits a job are the most, by the reader's rule and by that of the library`(
        yaml: String, count: Int
    ) async throws {
        let text = "queues:\n  q:\n" + yaml.split(separator: "\n").map { "    \($0)\n" }.joined()
        let result = ConfigurationReader.example.read(text)
        let settings = result.configuration.queues["q"] ?? [:]
        #expect(LimitCount(settings).total == count)
        #expect(result.mistakes.isEmpty == (count <= 2))
        if count > 2 {
            let line = result.mistakes.lines(in: "f").first ?? ""
            #expect(line.contains(": queues.q: a job could have \(count) limits: "))
            #expect(line.hasSuffix("; two are the most, so take some out"))
        }
        let store = try Store(url: Self.server.get().url)
        let queue = try Queue("q\(UInt64.random(in: .min ... .max))", in: store)
        var isTaken = true
        do throws(QueueError) { _ = try await queue.configure(settings) } catch { isTaken = false }
        #expect(isTaken == (count <= 2))
        await store.shutdown()
    }

    /// The bounds of both, from inside.
    @Test(arguments: [
        ("lease", "1s"), ("lease", "1d"), ("weights", "999:1:1"), ("policy", "weighted"), ("fair", "false"),
        ("maxLength", "99999999999"), ("maxBytes", "99999999999"), ("maxBytes", "90GiB"), ("refuse", "critical"),
        ("maxEvents", "1"), ("retention", "0s"), ("retention", "1157d"), ("record", "no"), ("concurrency", "1000000"),
        ("rate", "1000000000/1ms/1000000"), ("retries", "1/1157d"), ("rate:type:a:b", "1/1s"),
        ("concurrency:key", "1"), ("concurrency:key:x=y", "1"), ("retries:type:t", "1/1s"),
    ])
    func `what the reader lets through the library takes, and says again as it was written`(
        name: String, text: String
    ) async throws {
        let store = try Store(url: Self.server.get().url)
        let queue = try Queue("q\(UInt64.random(in: .min ... .max))", in: store)
        let kind = try #require(SettingKind(named: name))
        let word = try kind.word(text)
        _ = try await queue.configure([name: word])
        let setting = try #require(try await queue.settings().first { $0.name == name })
        #expect(setting.value == word)
        #expect(try kind.word(kind.text(setting.value)) == word)
        await store.shutdown()
    }

    @Test(arguments: [
        "leese", "lease:type:a", "rate:typ:a", "rate:type", "rate:type:", "retries:key", "rate:key:", "limits", "",
    ])
    func `what is no setting has no kind`(name: String) {
        #expect(SettingKind(named: name) == nil)
    }

    @Test(arguments: [(0, "0"), (1000, "1000"), (65_536, "64KiB"), (3 << 30, "3GiB")])
    func `bytes are written as they are read`(bytes: Int, text: String) {
        #expect(BytesText.text(bytes) == text)
        #expect(BytesText.bytes(text) == bytes)
    }

    @Test(arguments: [(812, "812 bytes"), (1024, "1 KiB"), (1_300_000, "1.2 MiB"), (67_108_864, "64 MiB")])
    func `bytes are read at a glance`(bytes: Int, text: String) {
        #expect(BytesText.rounded(bytes) == text)
    }
}
