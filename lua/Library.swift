/// The queue's functions: one Redis Function library, `penstock`, made of the Lua files of this folder.
package enum Library {
    package static let name = "penstock"

    /// The source for `FUNCTION LOAD`, in the order in which the files build on each other. On the last ones nothing builds: each
    /// keeps its names in a block of its own, for Lua allows no more than 200 local names at once.
    package static let source: String = {
        let base = [
            PackageResources.prelude_lua, PackageResources.limits_lua, PackageResources.jobs_lua,
            PackageResources.lanes_lua, PackageResources.enqueue_lua, PackageResources.claim_lua,
            PackageResources.settle_lua, PackageResources.turn_lua, PackageResources.operate_lua,
        ]
        let blocks = [
            PackageResources.lease_lua, PackageResources.sweep_lua, PackageResources.events_lua,
            PackageResources.dead_lua, PackageResources.settings_lua, PackageResources.inspect_lua,
            PackageResources.why_lua, PackageResources.check_lua,
        ]
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        return "#!lua name=\(name)\n" + base.map { text($0) }.joined(separator: "\n")
            + blocks.map { "\ndo\n\(text($0))end\n" }.joined()
    }()

    /// The version of this library and the oldest version it still serves, as `FUNCTION LIST` shows them in the
    /// description of `penstock_version`: `version N compatible M`.
    package struct Version: Sendable, Equatable {
        package let number: Int
        package let compatible: Int

        /// Nil if the description is not of that form.
        package init?(description: some StringProtocol) {
            let words = description.split(separator: " ")
            guard words.count == 4, words[0] == "version", words[2] == "compatible",
                let number = Int(words[1]), let compatible = Int(words[3])
            else { return nil }
            self.number = number
            self.compatible = compatible
        }

        /// What `prelude.lua` of this build says.
        package static let own: Version = {
            for line in source.split(separator: "\n") where line.hasPrefix("local VERSION, COMPATIBLE = ") {
                let numbers = line.dropFirst("local VERSION, COMPATIBLE = ".count).split(separator: ",")
                if numbers.count == 2,
                    let version = Version(
                        description: "version \(numbers[0]) compatible \(numbers[1].drop { $0 == " " })")
                {
                    return version
                }
            }
            preconditionFailure("prelude.lua does not state VERSION, COMPATIBLE")
        }()
    }
}
