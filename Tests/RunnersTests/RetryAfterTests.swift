import Foundation
import Testing

@testable import Runners

@Suite struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT
    private let now = Date(timeIntervalSince1970: 784_111_777)

    @Test(arguments: [
        ("0", 1), ("1", 1), ("  30 ", 30), ("86400", 86_400), ("86401", 86_400), ("99999999999999999999999", 86_400),
        ("Sun, 06 Nov 1994 08:50:07 GMT", 30), ("Sunday, 06-Nov-94 08:50:07 GMT", 30), ("Sun Nov  6 08:50:07 1994", 30),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 1), ("Sun, 06 Nov 2094 08:00:00 GMT", 86_400),
    ])
    func `seconds and dates are read and kept between a second and a day`(value: String, seconds: Int) {
        #expect(RetryAfter.pause(value, now: now) == .seconds(seconds))
    }

    @Test(arguments: ["", "soon", "-5", "1.5", "1994-11-06T08:49:37Z", "06 Nov 1994"])
    func `what cannot be read is no pause`(value: String) {
        #expect(RetryAfter.pause(value, now: now) == nil)
    }
}
