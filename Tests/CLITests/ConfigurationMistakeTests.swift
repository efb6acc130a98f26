import Testing

@testable import CLI

@Suite struct ConfigurationMistakeTests {
    /// A text with one mistake, and the one line that tells it.
    struct Case: Sendable, CustomTestStringConvertible {
        let yaml: String
        let line: String
        init(_ yaml: String, _ line: String) {
            self.yaml = yaml
            self.line = line
        }
        var testDescription: String { line }
    }

    private static let source =
        "sources: {github: {scheme: github, secrets: [env:SECRET]}}\njobs: {activity: {handler: github.activity}}\n"

    static let cases = [
        // Keys
        Case("source: {}", "1: source: the key is unknown; did you mean \"sources\"?"),
        Case("colour: 1", "1: colour: the key is unknown; known keys are sources, routes, jobs, queues, api"),
        Case(
            "queues:\n  github:\n    leese: 30s", "3: queues.github.leese: the key is unknown; did you mean \"lease\"?"),
        Case(
            "jobs:\n  a: {exec: [cat]}\n  b: {exec: [cat]}\n  a: {exec: [cat]}",
            "4: jobs.a: the key is given twice, first in line 2; keep one"),
        Case("- a", "1: is a list; it has to be a mapping"),
        Case("queues: 5", "1: queues: is the text \"5\"; it has to be a mapping"),
        Case("queues: {1: {}, [a]: {}}", "1: queues: a key is no text; write a name before the colon"),
        // YAML
        Case(
            "jobs:\n  a: b: c",
            "2: the file is no YAML: mapping values are not allowed in this context; check indentation, colons and quotes there"
        ),
        Case(
            "jobs:\n  a: [cat\n\nqueues: {}",
            "4: the file is no YAML: did not find expected ',' or ']' (while parsing a flow sequence of line 2); check indentation, colons and quotes there"
        ),
        Case(
            "jobs: {}\n---\njobs: {}",
            "2: the file is no YAML: but found another document (expected a single document in the stream of line 1); check indentation, colons and quotes there"
        ),
        // Durations and numbers
        Case(
            "queues:\n  github: {lease: 30}",
            "2: queues.github.lease: \"30\" is no duration; write one such as 500ms, 10s, 5m, 2h or 1d"),
        Case(
            "queues: {github: {lease: 10ms}}",
            "1: queues.github.lease: 10ms is out of bounds; it is from 1s to 1d"),
        Case(
            "queues: {github: {weights: 6:3}}",
            "1: queues.github.weights: \"6:3\" is not HIGH:NORMAL:LOW, each 1 to 999, such as \"6:3:1\""),
        Case(
            "queues: {github: {maxLength: -1}}",
            "1: queues.github.maxLength: \"-1\" is not a number of jobs; 0 is no limit"),
        Case("queues: {github: {record: maybe}}", "1: queues.github.record: \"maybe\" is not yes or no"),
        Case(
            "queues: {\"a b\": {}}",
            "1: queues.a b: \"a b\" cannot be a queue's name; use 1 to 128 of A-Z a-z 0-9 . _ / -"),
        // Jobs
        Case("jobs:\n  a: {}", "2: jobs.a: nothing runs this job type; give it one of handler, exec, http"),
        Case(
            "jobs: {a: {exec: [cat], handler: github.activity}}",
            "1: jobs.a: handler and exec are both given; keep one"),
        Case(
            "jobs:\n  a: {handler: github.activty}",
            "2: jobs.a.handler: this program has no handler \"github.activty\"; did you mean \"github.activity\"?"),
        Case(
            "jobs:\n  a: {exec: []}",
            "2: jobs.a.exec: the list is empty; it has to be a program and its arguments, such as [cat, -n]"),
        Case("jobs: {a: {exec: cat}}", "1: jobs.a.exec: is the text \"cat\"; it has to be a list such as [cat, -n]"),
        Case("jobs: {a: {exec: ['']}}", "1: jobs.a.exec[0]: the program has no name; write one, such as cat"),
        Case("jobs: {a: {exec: [cat, ~]}}", "1: jobs.a.exec[1]: is empty; it has to be a text"),
        Case(
            "jobs: {a: {http: {url: \"ftp://user:pass@host\"}}}",
            "1: jobs.a.http.url: the URL cannot be used; write one such as http://127.0.0.1:9000/run"),
        Case(
            "jobs: {a: {http: {}}}", "1: jobs.a.http: url is missing; write url: \"http://127.0.0.1:9000/run\""),
        Case(
            "jobs:\n  a:\n    exec: [cat]\n    attempts: 0",
            "4: jobs.a.attempts: \"0\" is not a number from 1 to 1000"),
        // Sources and secrets
        Case(
            "sources:\n  github: {scheme: gihub, secrets: [env:SECRET]}",
            "2: sources.github.scheme: there is no scheme \"gihub\"; did you mean \"github\"?"),
        Case(
            "sources:\n  github:\n    scheme: github",
            "3: sources.github: secrets is missing; write secrets: [env:GITHUB_WEBHOOK_SECRET]"),
        Case(
            "sources:\n  github: {scheme: github, secrets: []}",
            "2: sources.github.secrets: the list is empty; it has to be a list such as [env:GITHUB_WEBHOOK_SECRET]"),
        Case(
            "sources:\n  github:\n    scheme: github\n    secrets:\n      - env:SECRET\n      - env:UNSET",
            "6: sources.github.secrets[1]: the environment variable UNSET is not set; set it to the secret"),
        Case(
            "sources: {github: {scheme: github, secrets: [env:EMPTY]}}",
            "1: sources.github.secrets[0]: the environment variable EMPTY is empty; set it to the secret"),
        Case(
            "sources: {github: {scheme: github, secrets: [hunter2]}}",
            "1: sources.github.secrets[0]: is neither env:NAME nor file:PATH; put the secret in a variable or a file and name that here"
        ),
        Case(
            "sources: {github: {scheme: github, secrets: [file:/no/such]}}",
            "1: sources.github.secrets[0]: the file /no/such cannot be read (No such file or directory); write the secret into it"
        ),
        Case(
            "api: {keys: [env:UNSET]}",
            "1: api.keys[0]: the environment variable UNSET is not set; set it to the secret"),
        Case("api: {}", "1: api: keys is missing; write keys: [env:PENSTOCK_API_KEY]"),
        Case(
            "api: {memoryMark: 0.9}",
            "1: api.memoryMark: \"0.9\" is not a share of Redis's maxmemory from 1% to 100%, such as 90%"),
        Case(
            "api: {memoryMark: 101%}",
            "1: api.memoryMark: \"101%\" is not a share of Redis's maxmemory from 1% to 100%, such as 90%"),
        Case("sources: {a b: {}}", "1: sources.a b: the name is not allowed; use 1 to 64 of A-Z a-z 0-9 . _ -"),
        // Routes
        Case(
            source + "routes:\n  - {source: githb, job: activity, queue: github}",
            "4: routes[0].source: no source \"githb\" is defined; did you mean \"github\"?"),
        Case(
            source
                + "routes:\n  - {source: github, event: push, job: activity, queue: github}\n  - source: github\n    queue: github\n    job: activty",
            "7: routes[1].job: no job type \"activty\" is defined; did you mean \"activity\"?"),
        Case(
            source + "routes:\n  - {source: github, job: activity}",
            "4: routes[0]: queue is missing; name a queue, such as github"),
        Case(
            source + "routes:\n  - {source: github, job: activity, queue: git hub}",
            "4: routes[0].queue: \"git hub\" cannot be a queue's name; use 1 to 128 of A-Z a-z 0-9 . _ / -"),
        Case(
            source + "routes:\n  - {source: github, job: activity, queue: github, priority: hihg}",
            "4: routes[0].priority: there is no priority \"hihg\"; did you mean \"high\"?"),
        Case(
            source + "routes:\n  - {source: github, job: activity, queue: github, event: {}}",
            "4: routes[0].event: is a mapping; it has to be a text or a list of texts"),
        Case(
            source + "routes:\n  - {source: github, job: activity, queue: github, action: []}",
            "4: routes[0].action: the list is empty and would match nothing; leave the key out to match all"),
        Case(
            source + "routes:\n  - {source: github, job: activity, queue: github, key: \"{a\"}",
            "4: routes[0].key: the key template {a has a { without a }; write fields as {repository.full_name}"),
        Case(source + "routes: {}", "3: routes: is a mapping; it has to be a list of routes"),
    ]

    @Test(arguments: cases) func `a mistake is told with line, key and remedy, and alone`(example: Case) {
        #expect(read(example.yaml).mistakes.lines(in: "f").map { String($0.dropFirst(2)) } == [example.line])
    }

    @Test func `all mistakes are told at once, in the order of the file, also beside keys that are given twice`() {
        let lines = read(
            """
            sources:
              github: { scheme: github, secrets: [env:UNSET] }
            routes:
              - { source: github, job: nothing, queue: github, job: nothing }
            jobs:
              echo: { exec: [cat], timeout: 10 }
              echo: { exec: [cat] }
              other: { exek: [cat] }
            """
        ).mistakes.lines(in: "penstock.yaml")
        #expect(
            lines == [
                "penstock.yaml:2: sources.github.secrets[0]: the environment variable UNSET is not set; set it to the secret",
                "penstock.yaml:4: routes[0].job: the key is given twice, first in line 4; keep one",
                "penstock.yaml:4: routes[0].job: no job type \"nothing\" is defined; known job types are echo, other",
                "penstock.yaml:7: jobs.echo: the key is given twice, first in line 6; keep one",
                "penstock.yaml:8: jobs.other.exek: the key is unknown; did you mean \"exec\"?",
                "penstock.yaml:8: jobs.other: nothing runs this job type; give it one of handler, exec, http",
            ])
    }

    @Test func `a secret that stands in the file is not repeated`() {
        let lines = read("api: {keys: [hunter2]}").mistakes.lines(in: "f")
        #expect(lines.count == 1)
        #expect(!lines.joined().contains("hunter2"))
    }

    @Test func `a role that verifies no signature needs no secret, but it has to be written well`() {
        var reader = ConfigurationReader.example
        reader.readsSecrets = false
        #expect(reader.read("sources: {g: {scheme: github, secrets: [env:UNSET]}}").mistakes.isEmpty)
        #expect(reader.read("sources: {g: {scheme: github, secrets: [UNSET]}}").mistakes.count == 1)
    }

    private func read(_ yaml: String) -> ConfigurationReader.Result { ConfigurationReader.example.read(yaml) }
}

extension ConfigurationReader {
    static let example = ConfigurationReader(
        handlers: ["github.activity"], environment: ["SECRET": "s3cret", "EMPTY": "", "KEY": "k"])
}
