import Sandbox
import SystemPackage
import Testing

struct SandboxHostTests {
    @Test func everyCheckSaysWhatItFoundAndWhatToDo() async {
        let checks = await SandboxHost.checks(dataDirectory: "/tmp")
        #expect(Set(checks.map { $0.name }).count == checks.count)
        for check in checks {
            #expect(!check.detail.isEmpty)
            #expect(check.isMet == check.remedy.isEmpty, "\(check)")
        }
    }

    @Test(.enabled(if: Requirements.canReachOut, "needs root, crun and slirp4netns"))
    func hostOfTheseTestsPasses() async {
        for check in await SandboxHost.checks(dataDirectory: "/tmp") where check.name != "cgroups" {
            #expect(check.isMet, "\(check)")
        }
    }

    @Test func missingDirectoryIsNamed() async throws {
        let checks = await SandboxHost.checks(dataDirectory: "/nonexistent")
        let check = try #require(checks.first { $0.name == "id-mapped mounts" })
        #expect(!check.isMet)
        #expect(check.detail.contains("/nonexistent") || check.detail.contains("user namespace"))
    }
}
