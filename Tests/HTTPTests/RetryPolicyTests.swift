import HTTP
import Testing

struct RetryPolicyTests {
    @Test(
        arguments: [
            ("0", 0), ("17", 17), (" 3 ", 3),
            ("Sun, 06 Nov 1994 08:49:47 GMT", 10), ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
            ("Tue, 29 Feb 2028 00:00:00 GMT", 1_835_395_200 - 784_111_777),
        ] as [(String, Int64)])
    func retryAfterIsSecondsOrADate(value: String, seconds: Int64) {
        #expect(RetryAfter.delay(value, now: 784_111_777) == .seconds(seconds))
    }

    @Test(arguments: [
        "", "soon", "-1", "1.5", "Sun, 06 Nov 1994 08:49:37", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun, 99 Nov 1994 08:49:37 GMT",
    ])
    func otherRetryAfterIsIgnored(value: String) {
        #expect(RetryAfter.delay(value, now: 0) == nil)
    }

    @Test func absurdRetryAfterDoesNotOverflow() throws {
        let delay = try #require(RetryAfter.delay("99999999999999999999999", now: 0))
        #expect(delay > .seconds(1 << 30))
    }

    @Test func pausesDoubleUpToTheLongest() {
        let policy = RetryPolicy(attempts: 9, firstDelay: .seconds(1), longestDelay: .seconds(8))
        #expect((1...5).map { policy.delay(afterAttempt: $0, random: 1) } == [1, 2, 4, 8, 8].map { .seconds($0) })
        #expect(policy.delay(afterAttempt: 1, random: 0) == .milliseconds(500))
        #expect(policy.delay(afterAttempt: 5000, random: 0) == .seconds(4))
    }
}
