import Foundation
import Logging
import Penstock

@testable import Servers
@testable import Trial

extension Arena {
    /// Starts a process of workers that serve the queue.
    func start(
        workers: Int = 1, concurrency: Int = 4, grace: Int = 10, environment: [String: String] = [:]
    ) throws -> PenstockProcess {
        let home = Folder("\(folder)/trial-\(UInt64.random(in: .min ... .max))")
        try home.make()
        var command = try Command(
            Product.path(of: "Trial"),
            [redis.url, queue.name, "\(home.path)/trace"] + [workers, concurrency, grace].map(String.init), in: home,
            parentDeath: "KILL")
        command.environment = Plant.environment(adding: environment)
        return try crew.add(PenstockProcess(command, port: nil))
    }

    /// Waits until so many workers of the queue have said that they are there.
    func ready(_ count: Int) async throws {
        try await eventually("\(count) workers") {
            let beats = try await send("HVALS", "penstock:workers").strings ?? []
            return beats.count { $0.contains(queue.name) } >= count
        }
    }

    /// Asks processes to end, and waits for it.
    func stop(_ processes: [PenstockProcess]) async throws -> [Int32?] {
        for process in processes { process.signal(SIGTERM) }
        var codes: [Int32?] = []
        for process in processes { codes.append(try await process.exitCode(within: .seconds(60))) }
        return codes
    }

    /// What all handlers did so far, in the order in which they began; also those of processes that are no more.
    func spells() throws -> [Spell] {
        try traces().flatMap(Spell.all).sorted { $0.start < $1.start }
    }

    /// What time the processes believed it was when they began, in seconds since 1970.
    func clocks() throws -> [Int] {
        try traces().compactMap { $0.firstMatch(of: /^clock (\d+)\n/).flatMap { Int($0.1) } }
    }

    private func traces() throws -> [String] {
        let homes = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("trial-") }
        return homes.compactMap { try? String(contentsOfFile: "\(folder)/\($0)/trace", encoding: .utf8) }
    }

    /// Now, by the clock of the traces.
    static var clock: UInt64 { Trace.now }
}

extension Logger {
    /// Says nothing: processes that come and go are what these tests are about.
    static let nothing = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
