import Glibc

extension RetryClock {
    package static let system = RetryClock(
        sleep: { try await Task.sleep(for: $0) }, now: { Int64(time(nil)) }, random: { Double.random(in: 0..<1) })
}
