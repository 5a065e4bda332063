import Linux

extension RetryClock {
    package static let system = RetryClock(
        sleep: { try await Task.sleep(for: $0) }, now: { WallClock.seconds() }, random: { Double.random(in: 0..<1) })
}
