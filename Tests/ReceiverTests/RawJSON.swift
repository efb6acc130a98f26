import JSON

/// What all suites read answers with.
typealias RawJSON = JSON.RawJSON
