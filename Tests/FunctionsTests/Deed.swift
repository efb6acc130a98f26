import Redis
import Testing

/// A verb of `docs/states.md`: how the job gets ready for it, how it is done, and what is answered.
struct Deed: Sendable {
    typealias Act = @Sendable (inout Stage) async throws -> String

    /// More options of the job's enqueue.
    var options: [String] = []
    /// What has to be so before; it is not part of the verb.
    var before: @Sendable (inout Stage) async throws -> Void = { _ in }
    let act: Act

    init(
        options: [String] = [], before: @escaping @Sendable (inout Stage) async throws -> Void = { _ in },
        _ act: @escaping Act
    ) {
        self.options = options
        self.before = before
        self.act = act
    }

    /// A function's first word of answer, or the code of its error.
    static func call(_ function: String, _ words: String...) -> Deed {
        Deed { stage in
            if let code = try await stage.queue.refusal(function, words) { return code }
            return ""
        }
    }

    /// The same, where the reply's first word matters.
    static func ask(_ function: String, _ words: String...) -> Deed {
        Deed { stage in
            do {
                return try await stage.queue.reply(function, words).strings?.first ?? ""
            } catch RedisError.server(let code, _) {
                return code
            }
        }
    }

    static func finish(_ verb: String, _ arguments: String...) -> Deed {
        Deed { stage in
            let words = ["w"] + stage.run.name + ["1000", "5", verb] + arguments
            return try await stage.queue.reply("finish", words).strings?.first ?? "nothing"
        }
    }

    /// Whether a claim hands out the job.
    static let claim = Deed { stage in
        let words = try await stage.queue.call("claim", "w", "1")
        return words.contains(Stage.id) ? "run" : ""
    }

    static func late(_ fate: String) -> Deed {
        Deed(
            options: ["deadline", "1", "late", fate],
            before: { stage in
                if stage.other != nil { try await makeRoom(&stage) }
                // Due, and later than it may be.
                try await stage.queue.pass(61_000)
            }, claim.act)
    }

    private static func crash(_ stage: inout Stage) async throws {
        try await stage.queue.age(stage.run, 40_000)
        _ = try await stage.queue.recover()
    }

    /// A job's due time comes.
    private static let makeDue: @Sendable (inout Stage) async throws -> Void = { stage in
        try await stage.queue.redis("ZADD", stage.queue.key("delayed"), "XX", "1", Stage.id)
    }

    /// The job that had the slot of the key ends.
    private static let makeRoom: @Sendable (inout Stage) async throws -> Void = { stage in
        let other = try #require(stage.other)
        #expect(try await stage.queue.settle(other.completes, by: "other") == ["OK"])
    }

    /// Every verb, by the words that the document has for it. A comma begins a circumstance: such a row is about the states
    /// that it names, any other about all.
    static let all: [String: Deed] = [
        "enqueue": Deed { try await first($0, "enqueue", ["t", "{}"] + Stage.options) },
        "enqueue delay": Deed { try await first($0, "enqueue", ["t", "{}", "delay", "60000"] + Stage.options) },
        "enqueue_many": Deed {
            try await first($0, "enqueue_many", ["\(2 + Stage.options.count)", "t", "{}"] + Stage.options)
        },
        "enqueue conflict replace": .ask(
            "enqueue", "t", "{}", "id", "j2", "key", "k", "unique", "u", "conflict", "replace"),
        "enqueue conflict cancel": .ask(
            "enqueue", "t", "{}", "id", "j2", "key", "k", "unique", "u", "conflict", "cancel"),
        "claim": claim,
        "claim, its slot is free": Deed(before: makeRoom, claim.act),
        "claim, it is due": Deed(before: makeDue, claim.act),
        "claim, a limit stops it": Deed(
            before: { stage in
                try await stage.queue.enqueue("t", "{}", "key", "k", "priority", "critical")
                _ = try await stage.queue.claimOne(by: "other")
                try await makeDue(&stage)
            }, claim.act),
        "claim, too late (drop)": late("drop"),
        "claim, too late (bury)": late("bury"),
        "turn": Deed { stage in try await stage.queue.turn(1, by: "w").runs.first?.id == Stage.id ? "run" : "" },
        "finish completed": .finish("completed", ""),
        "finish skipped": .finish("skipped", "nothing to do"),
        "finish retry": .finish("retry", "60000", "broken"),
        "finish snooze": .finish("snooze", "60000"),
        "finish dead": .finish("dead", "broken"),
        "finish release": .finish("release"),
        "finish unhandled": .finish("unhandled"),
        "finish cancelled": .finish("cancelled"),
        "renew": Deed { stage in
            let words = ["w", "0", "more", "0"] + stage.run.name
            return try await stage.queue.reply("renew", words).strings?.last ?? ""
        },
        "renew, naming no run": Deed { try await $0.queue.call("renew", "w", "0", "last", "0")[2] },
        "renew, of its type": Deed(
            before: { stage in
                let other = try #require(stage.other)
                _ = try await stage.queue.settle(other.completes, by: "other")
                try await stage.start()
                try await stage.end("unhandled")
            }, { try await $0.queue.call("renew", "w", "0", "more", "1", "t")[3] }),
        "recover": Deed(
            before: { if try await $0.look().state.hasSuffix("ing") { try? await $0.queue.age($0.run, 40_000) } },
            { stage in
                let words = try await stage.queue.recover()
                return words[0] == "1" ? "recovered" : words[1] == "1" ? "dead" : ""
            }),
        "recover, the third time": Deed(
            before: { stage in
                for _ in 1...2 {
                    try await crash(&stage)
                    try await stage.start()
                }
                try await stage.queue.age(stage.run, 40_000)
            }, { try await $0.queue.recover()[1] == "1" ? "dead" : "" }),
        "sweep": Deed { stage in
            _ = try await stage.queue.call("sweep"); return ""
        },
        "sweep, it is due": Deed(
            before: makeDue,
            { stage in
                _ = try await stage.queue.call("sweep"); return ""
            }),
        "sweep, its retention is over": Deed(
            before: { try await $0.queue.redis("ZADD", $0.queue.key("dead"), "1", Stage.id) },
            { stage in
                _ = try await stage.queue.call("sweep"); return ""
            }),
        "cancel": .ask("cancel", Stage.id),
        "move priority": .ask("move", Stage.id, "priority", "high"),
        "move delay": .ask("move", Stage.id, "delay", "60000"),
        "move delay 0": .ask("move", Stage.id, "delay", "0"),
        "depart": .ask("depart", Stage.id, "elsewhere"),
        "departed": .ask("departed", Stage.id, "elsewhere"),
        "departed, after depart": Deed(
            before: { try await $0.queue.call("depart", Stage.id, "elsewhere") },
            { try await $0.queue.call("departed", Stage.id, "elsewhere")[0] }),
        "requeue": .ask("requeue", Stage.id),
        "requeue delay": .ask("requeue", Stage.id, "delay", "60000"),
        "requeue, its unique key is taken": Deed(
            before: { try await $0.queue.enqueue("t", "{}", "unique", "u") }, ask("requeue", Stage.id).act),
        "resolve": .ask("resolve", Stage.id, "done by hand"),
        "purge": Deed { try await $0.queue.call("purge", "0", "type", "t")[1] },
        "purge state dead": Deed { try await $0.queue.call("purge", "0", "state", "dead")[1] },
        "job": .call("job", Stage.id),
        "why": .call("why", Stage.id),
        "pause": .call("pause"), "pause, of its type": .call("pause", "type", "t"), "resume": .call("resume"),
        "drain": .call("drain"), "configure": .call("configure", "lease", "5000", "record", "yes"),
        "settings": .call("settings"),
        "repair": .call("repair"), "check": .call("check"), "backlog": .call("backlog"), "dead": .call("dead"),
        "events": .call("events", "sink"), "recorded": .call("recorded", "1-1"), "unrouted": .call("unrouted"),
        "version": .call("version"),
    ]

    private static func first(_ stage: Stage, _ function: String, _ words: [String]) async throws -> String {
        try await stage.queue.reply(function, words).strings?.first ?? ""
    }
}
