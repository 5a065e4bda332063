import Glibc
import Linux
import SystemPackage
import Testing

@Suite(.enabled(if: geteuid() == 0 && !CgroupHierarchy.host.parents.isEmpty, "needs root and cgroup controllers"))
struct CgroupTests {
    private let hierarchy = CgroupHierarchy.host

    private func exists(_ name: String) -> Bool {
        hierarchy.parents.values.contains { access($0.appending(name).string, F_OK) == 0 }
    }

    @Test func processThatJoinsIsCountedAndLimited() async throws {
        let name = "caisson-test-\(getpid())-joined"
        let cgroup = try Cgroup(hierarchy, named: name, limits: .init(memory: 64 << 20, processes: 20, processors: 1))
        let script = cgroup.processFiles.indices.map { "echo 0 >&\($0 + 3); " }.joined() + "cat /proc/self/cgroup"
        var command = Command("/bin/sh", ["-c", script])
        command.descriptors = cgroup.processFiles
        let memberships = try await command.run().outputText
        #expect(memberships.split(separator: "\n").count { $0.hasSuffix("/\(name)") } == cgroup.processFiles.count)
        if hierarchy.parents[.memory] != nil { #expect(try #require(cgroup.usage().peakMemory) > 0) }
        try cgroup.remove()
        #expect(!exists(name))
    }

    @Test func processBeyondTheLimitIsRefusedAndCounted() async throws {
        guard hierarchy.parents[.processes] != nil else { return }
        let name = "caisson-test-\(getpid())-refused"
        let cgroup = try Cgroup(hierarchy, named: name, limits: .init(processes: 1))
        let script = cgroup.processFiles.indices.map { "echo 0 >&\($0 + 3); " }.joined() + "(exit 0); (exit 0)"
        var command = Command("/bin/sh", ["-c", script])
        command.descriptors = cgroup.processFiles
        #expect(try await !command.run().status.isSuccess)
        #expect(cgroup.usage().refusedProcesses > 0)
        try cgroup.remove()
    }

    @Test func sweepRemovesWhatDeadProcessesLeftAndNothingElse() throws {
        let dead = "caisson-\(getpid())-1-1"
        let own = Cgroup.name(999_999)
        let stale = try Cgroup(hierarchy, named: dead, limits: .init())
        let live = try Cgroup(hierarchy, named: own, limits: .init())
        Cgroup.sweep(hierarchy)
        #expect(!exists(dead))
        #expect(exists(own))
        try live.remove()
        withExtendedLifetime(stale) {}
    }
}
