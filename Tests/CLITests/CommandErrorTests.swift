import Foundation
import Support
import Testing

/// Mistakes and outages, as a person at a terminal meets them: one clear line each, and the right exit code.
@Suite struct CommandErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let code: Int32
        let line: String
        init(_ arguments: String, _ code: Int32, _ line: String) {
            self.arguments = arguments.split(separator: " ").map(String.init)
            self.code = code
            self.line = line
        }
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let cases = [
        Case("--bogus", 64, "penstock: Unknown option '--bogus'; see penstock --help"),
        Case("backlogg", 64, "penstock: Unexpected argument 'backlogg'; see penstock --help"),
        Case("enqueue", 64, "penstock: Missing expected argument '<queue>'; see penstock --help"),
        Case(
            "enqueue q t --delay 5", 64,
            "penstock: The value '5' is invalid for '--delay <delay>': \"5\" is no duration; write one such as 500ms, 10s, 5m, 2h or 1d; see penstock --help"
        ),
        Case(
            "enqueue q t --delay 5s --at 1", 64,
            "penstock: --delay and --at are both given; keep one; see penstock --help"),
        Case(
            "enqueue q! t", 64,
            "penstock: The value 'q!' is invalid for '<queue>': \"q!\" cannot be a queue's name; use 1 to 128 of A-Z a-z 0-9 . _ / -; see penstock --help"
        ),
        Case(
            "--role wroker", 64,
            "penstock: The value 'wroker' is invalid for '--role <role>': there is no role \"wroker\"; did you mean \"worker\"?; see penstock --help"
        ),
        Case("run --role sink", 64, "penstock: the role sink needs Postgres; set DATABASE_URL or --database-url"),
        Case("migrate", 64, "penstock: no Postgres is named; set DATABASE_URL or --database-url"),
        Case(
            "run --listen 0.0.0.0:0", 64,
            "penstock: no API key is configured and 0.0.0.0:0 can be reached from other machines; set PENSTOCK_API_KEY or api.keys, or listen on 127.0.0.1"
        ),
        Case(
            "--redis-url http://x", 64,
            "penstock: the Redis URL has the scheme http; it is redis, rediss or unix"),
        Case(
            "check --config /no/such.yaml", 64,
            "penstock: the configuration /no/such.yaml cannot be read (No such file or directory); name a file with --config"
        ),
        Case(
            "run --config /no/such.yaml", 64,
            "penstock: the configuration /no/such.yaml cannot be read (No such file or directory); name a file with --config"
        ),
        Case(
            "enqueue q t --conflict replace", 64,
            "penstock: --ttl, --scope, --conflict, --singleton and --max-wait are for jobs with --unique; add it; see penstock --help"
        ),
        Case(
            "enqueue q t --unique k --scope untill-started", 64,
            "penstock: The value 'untill-started' is invalid for '--scope <scope>': there is no scope \"untill-started\"; did you mean \"until-started\"?; see penstock --help"
        ),
        Case(
            "enqueue q t --late drop", 64,
            "penstock: --late is for jobs with --deadline; add it; see penstock --help"),
        Case(
            "move x", 64, "penstock: nothing says where to; give --priority, --delay or --to; see penstock --help"),
        Case(
            "move x --to q --delay 1s", 64,
            "penstock: --to takes neither --priority nor --delay; move the job a second time for those; see penstock --help"
        ),
        Case(
            "requeue", 64,
            "penstock: it has to be known which; give either the id of a dead job or --all; see penstock --help"),
        Case(
            "requeue x --rate 5", 64,
            "penstock: --type, --error, --from, --to and --rate choose among many; give them with --all; see penstock --help"
        ),
        Case(
            "requeue --all --rate 0", 64,
            "penstock: The value '0' is invalid for '--rate <rate>': \"0\" is no number from 1 to 1000000; see penstock --help"
        ),
        Case("resolve x", 64, "penstock: Missing expected argument '--note <note>'; see penstock --help"),
        Case(
            "purge q --state running", 64,
            "penstock: The value 'running' is invalid for '--state <state>': there is no purgeable state \"running\"; known purgeable states are waiting, delayed, parked, dead; see penstock --help"
        ),
        Case(
            "dead q --from yesterday", 64,
            "penstock: The value 'yesterday' is invalid for '--from <from>': \"yesterday\" is no time; write one such as 2030-01-31T12:00:00Z; see penstock --help"
        ),
        Case(
            "configure q leese=1s", 64,
            "penstock: The value 'leese=1s' is invalid for '<settings>': there is no setting \"leese\"; did you mean \"lease\"?; see penstock --help"
        ),
        Case(
            "configure q rate:key=5", 64,
            "penstock: The value 'rate:key=5' is invalid for '<settings>': rate:key: \"5\" is not a rate COUNT/PERIOD or COUNT/PERIOD/BURST, such as 100/1s or 5000/1h/20; see penstock --help"
        ),
        Case(
            "configure q lease", 64,
            "penstock: The value 'lease' is invalid for '<settings>': \"lease\" sets nothing; write NAME=VALUE, or NAME= for the default; see penstock --help"
        ),
        Case("check", 64, "penstock: there is no ./penstock.yaml and so nothing to check; name a file with --config"),
    ]

    @Test(arguments: cases) func `a wrong call ends with one line`(example: Case) async throws {
        let program = try await Program.run(example.arguments)
        #expect(program.code == example.code)
        #expect(program.errors == [example.line])
        #expect(program.output.isEmpty)
    }

    @Test(arguments: [
        (["backlog", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["enqueue", "q", "t", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["job", "x", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["cancel", "x", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (
            ["move", "x", "--delay", "0s", "--redis-url", "unix:///tmp/no-such-server.sock"],
            "penstock: Redis is away: "
        ),
        (["requeue", "x", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (
            ["resolve", "x", "--note", "n", "--redis-url", "unix:///tmp/no-such-server.sock"],
            "penstock: Redis is away: "
        ),
        (["why", "x", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["dead", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["pause", "q", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["resume", "q", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["drain", "q", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["purge", "q", "--yes", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["workers", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["fsck", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["configure", "q", "--redis-url", "unix:///tmp/no-such-server.sock"], "penstock: Redis is away: "),
        (["migrate", "--database-url", "postgres:///x?host=/tmp/no-such-folder"], "penstock: Postgres is away: "),
    ])
    func `a server that is away ends a command with 69 and one line`(arguments: [String], line: String) async throws {
        let program = try await Program.run(arguments)
        #expect(program.code == 69)
        #expect(program.errors.count == 1)
        #expect(program.errors.first?.hasPrefix(line) == true)
    }

    @Test(arguments: [[], ["run"], ["check"], ["run", "--role", "worker"], ["dev"]])
    func `every mistake in the configuration is a line, and nothing starts`(arguments: [String]) async throws {
        let folder = temporaryDirectory()
        try "jobs:\n  echo: { exek: [cat] }\nqueues:\n  github: { lease: 30 }\n".write(
            toFile: "\(folder)/penstock.yaml", atomically: true, encoding: .utf8)
        let program = try await Program.run(arguments, in: folder)
        #expect(program.code == 64)
        #expect(
            program.errors == [
                "penstock.yaml:2: jobs.echo.exek: the key is unknown; did you mean \"exec\"?",
                "penstock.yaml:2: jobs.echo: nothing runs this job type; give it one of handler, exec, http",
                "penstock.yaml:4: queues.github.lease: \"30\" is no duration; write one such as 500ms, 10s, 5m, 2h or 1d",
            ])
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/.penstock"))
    }

    @Test func `a configuration without mistakes passes the check, with its warnings`() async throws {
        let folder = temporaryDirectory()
        try "jobs:\n  echo: { exec: [cat] }\n".write(
            toFile: "\(folder)/other.yaml", atomically: true, encoding: .utf8)
        let program = try await Program.run(
            ["check"],
            environment: ["PENSTOCK_CONFIG": "other.yaml", "DATABASE_URL": "postgres://127.0.0.1:1/x"], in: folder)
        #expect(program.code == 0)
        #expect(program.output == "other.yaml: ok (0 sources, 0 routes, 1 job types, 0 queues)\n")
        #expect(
            program.errors == [
                "other.yaml:2: jobs.echo: no route names this job type; only the API, the CLI and redis-cli can enqueue it"
            ])
    }

    @Test func `help is an answer and no error`() async throws {
        let program = try await Program.run(["run", "--help"])
        #expect(program.code == 0)
        #expect(program.errors.isEmpty)
        #expect(program.output.contains("--database-url"))
    }
}
