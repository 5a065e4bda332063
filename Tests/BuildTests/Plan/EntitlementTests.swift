import Build
import Dockerfile
import Linux
import OCI
import Sandbox
import Testing

/// What RUN may ask for beyond its sandbox, and what requests give it.
struct EntitlementTests {
    @Test(arguments: [
        ("--network=host", Entitlement.hostNetwork), ("--security=insecure", .insecureSecurity),
    ])
    func lineThatAsksForWhatIsNotAllowedIsNamed(_ flag: String, _ entitlement: Entitlement) async throws {
        let dockerfile = "FROM scratch\n\nRUN \(flag) make\n"
        let error = try #require(
            await #expect(throws: BuildError.self) {
                try await BuildPlan.of(dockerfile) {
                    $0.entitlements = Set(Entitlement.named).subtracting([entitlement])
                }
            })
        let text = error.description
        #expect(text.contains("Dockerfile:3:1: error: RUN \(flag) needs the entitlement \(entitlement.name)"))
        #expect(text.contains("hint: if you trust it with that, allow it with --allow \(entitlement.name)"))
        _ = try await BuildPlan.of(dockerfile) { $0.entitlements = [entitlement] }
    }

    @Test func stagesThatNoTargetNeedsMayAskForAnything() async throws {
        _ = try await BuildPlan.of("FROM scratch AS tools\nRUN --network=host make\nFROM scratch\n")
    }

    @Test func networkOfTheRequestStandsWhereALineNamesNoOther() async throws {
        let plan = try await BuildPlan.of(
            "FROM scratch\nRUN a\nRUN --network=default b\nRUN --network=none c\nRUN --network=host d\n"
        ) {
            $0.network = .host
            $0.entitlements = [.hostNetwork]
        }
        #expect(plan.runs.map(\.network) == [.host, .host, .none, .host])
        let error = await #expect(throws: BuildError.self) {
            try await BuildPlan.of("FROM scratch\nRUN a\n") { $0.network = .host }
        }
        guard case .request = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func settingsOfTheRequestReachEveryCommand() async throws {
        let settings = RunSettings(
            extraHosts: [.init(name: "a", address: "192.0.2.1")], sharedMemory: 1 << 20,
            resources: [.openFiles: .init(soft: 1, hard: 2)])
        let plan = try await BuildPlan.of("FROM scratch\nRUN a\nRUN --security=insecure b\n") {
            $0.settings = settings
            $0.entitlements = [.insecureSecurity]
        }
        #expect(plan.runs.map(\.settings) == [settings, settings])
        let named = try await BuildPlan.of("FROM scratch\nRUN a\n") {
            $0.buildArguments = ["BUILDKIT_SANDBOX_HOSTNAME": "worker"]
        }
        #expect(named.runs[0].settings == RunSettings(hostname: "worker"))
        #expect(plan.runs.map(\.security) == [.sandbox, .insecure])
    }
}
