import Foundation
import Model

// Usage: ModelRun [--lua FOLDER] [SEQUENCES [OPERATIONS [SEED]]] | ModelRun [--lua FOLDER] replay FILE
/// At once, so that a log shows how far a long run is.
func say(_ text: String) { FileHandle.standardOutput.write(Data("\(text)\n".utf8)) }

var words = Array(CommandLine.arguments.dropFirst())
var variant = Variant.sound
if words.first == "--lua", words.count > 1 {
    variant = try Variant(folder: words[1])
    words.removeFirst(2)
}
let directory = "/tmp/penstock-model-\(getpid())"
let site = try Site(variant, directory: directory)
let hunt = Hunt(site)
var hasFailed = false

if words.first == "replay", words.count == 2 {
    let operations = try String(contentsOfFile: words[1], encoding: .utf8).split(separator: "\n")
        .filter { !$0.hasPrefix("#") }.map { line in
            guard let operation = Operation(line: String(line)) else {
                say("\(words[1]) has a line that is no operation: \(line); give a file that a failing run has printed")
                exit(64)
            }
            return operation
        }
    let failure = site.play(operations)
    say(failure.map { "step \($0.step + 1): \($0.text)" } ?? "Redis and the model agree")
    hasFailed = failure != nil
} else {
    let (sequences, count) = (Int(words.first ?? "") ?? 100, words.count > 1 ? Int(words[1]) ?? 1000 : 1000)
    let first = words.count > 2 ? UInt64(words[2]) ?? 1 : UInt64.random(in: 1...1_000_000_000)
    say("\(sequences) sequences of \(count) operations, seeds from \(first)")
    let start = Date()
    var failures = 0
    for number in 0..<sequences {
        let seed = first + UInt64(number)
        let (operations, failure) = hunt.hunt(seed: seed, operations: count)
        if let failure {
            say("seed \(seed), operation \(failure.step + 1): \(failure.text)")
            say(hunt.report(operations, failure, seed: seed))
            failures += 1
        }
        if (number + 1) % 100 == 0 || number + 1 == sequences {
            let agree = failures == 0 ? "agree" : "played, \(failures) of them failed"
            say("\(number + 1) sequences \(agree), \(Int(Date().timeIntervalSince(start))) s")
        }
        // One mistake may show in many sequences; a few are enough to find it.
        if failures == 5 { break }
    }
    hasFailed = failures > 0
}
site.close()
try? FileManager.default.removeItem(atPath: directory)
exit(hasFailed ? 1 : 0)
