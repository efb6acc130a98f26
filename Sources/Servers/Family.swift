import Foundation

/// The processes that a process has started, from `/proc`; elsewhere it knows none.
enum Family {
    static func children(of parent: pid_t) -> [pid_t] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap(pid_t.init).filter { pid in
            guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
            // `pid (name) state parent …`; the name may hold blanks and brackets, so it is cut at the last one.
            let text = String(decoding: bytes, as: UTF8.self)
            guard let name = text.lastIndex(of: ")") else { return false }
            let fields = text[text.index(after: name)...].split(separator: " ")
            return fields.count > 1 && pid_t(fields[1]) == parent
        }
    }
}
