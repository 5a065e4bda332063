import Agent
import Testing

@Suite struct PollScheduleTests {
    static func schedule(jitter: Double = 0, failures: Int = 0) -> PollSchedule {
        PollSchedule(interval: .seconds(60), maximum: .seconds(900), jitter: jitter, failures: failures)
    }

    @Test func failuresDoubleThePauseUpToTheMaximum() {
        var schedule = Self.schedule()
        let pauses = (0..<6).map { _ in schedule.pause(afterSuccess: false, random: 0.5) }
        #expect(pauses == [120, 240, 480, 900, 900, 900].map { .seconds($0) })
        #expect(schedule.pause(afterSuccess: true, random: 0.5) == .seconds(60))
    }

    @Test func failuresBeforeARestartCount() {
        var schedule = Self.schedule(failures: 2)
        #expect(schedule.pause(afterSuccess: false, random: 0.5) == .seconds(480))
    }

    @Test(arguments: [(0.0, 51.0), (0.5, 60.0), (1.0, 69.0)]) func jitterSpreadsAroundTheInterval(
        random: Double, seconds: Double
    ) {
        var schedule = Self.schedule(jitter: 0.15)
        #expect(abs(schedule.pause(afterSuccess: true, random: random) / .seconds(1) - seconds) < 0.001)
    }

    @Test func startDoesNotPollEverythingAtOnceNorLate() {
        let schedule = Self.schedule(jitter: 0.15)
        #expect(schedule.firstPause(repositories: 1, random: 1) == .milliseconds(50))
        #expect(schedule.firstPause(repositories: 100_000, random: 1) == .seconds(9))
    }
}
