/// When a request is sent again: after failures that may pass, with exponentially growing pauses. A server's
/// `Retry-After` is honoured in place of the computed pause.
///
/// Only for requests that may be executed twice. A response whose body is being read is not retried.
package struct RetryPolicy: Hashable, Sendable {
    /// Requests altogether, the first included.
    package var attempts: Int
    package var firstDelay: Duration
    package var longestDelay: Duration
    /// A server that asks for more patience than this gets none: its answer is the response.
    package var longestRetryAfter: Duration

    package init(
        attempts: Int = 4, firstDelay: Duration = .seconds(1), longestDelay: Duration = .seconds(8),
        longestRetryAfter: Duration = .seconds(60)
    ) {
        self.attempts = attempts
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.longestRetryAfter = longestRetryAfter
    }

    package static let never = RetryPolicy(attempts: 1)
    package static let standard = RetryPolicy()

    package static func isTransient(status: Int) -> Bool { [408, 425, 429, 500, 502, 503, 504].contains(status) }

    /// The pause after the `attempt`-th failure (from 1): between half and all of the doubled delay.
    /// `random` is in 0..<1.
    package func delay(afterAttempt attempt: Int, random: Double) -> Duration {
        let doubled = firstDelay * (1 << min(attempt - 1, 16))
        return min(doubled, longestDelay) * (0.5 + random / 2)
    }
}

/// Time and chance as retries see them; tests bring their own.
package struct RetryClock: Sendable {
    package var sleep: @Sendable (Duration) async throws -> Void
    /// Seconds since 1970, for `Retry-After` dates and the expiry of tokens.
    package var now: @Sendable () -> Int64
    /// In 0..<1.
    package var random: @Sendable () -> Double

    package init(
        sleep: @escaping @Sendable (Duration) async throws -> Void, now: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable () -> Double
    ) {
        self.sleep = sleep
        self.now = now
        self.random = random
    }
}
