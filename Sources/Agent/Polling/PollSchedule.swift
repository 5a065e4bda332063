/// When a repository is polled next: a value, fed with what happened and a random number.
package struct PollSchedule: Sendable {
    private let interval: Duration
    private let maximum: Duration
    private let jitter: Double
    private var failures: Int

    /// `failures` are those since the last success, which may lie before a restart.
    package init(interval: Duration, maximum: Duration, jitter: Double, failures: Int = 0) {
        self.interval = interval
        self.maximum = maximum
        self.jitter = jitter
        self.failures = failures
    }

    /// The pause after a poll. It doubles with every failure in a row up to the maximum, and is spread by `random`, from
    /// 0 to 1, so that repositories polled together drift apart.
    package mutating func pause(afterSuccess succeeded: Bool, random: Double) -> Duration {
        failures = succeeded ? 0 : failures + 1
        var pause = interval
        for _ in 0..<min(failures, 32) where pause < maximum { pause *= 2 }
        return min(pause, max(maximum, interval)) * (1 + jitter * (2 * random - 1))
    }

    /// The pause before the first poll after a start: a short one, different for each repository.
    package func firstPause(repositories: Int, random: Double) -> Duration {
        min(interval * jitter, .milliseconds(50) * repositories) * random
    }
}
