import Build
import Dockerfile
import Foundation
import Sandbox
import SystemPackage
import Testing

/// Which devices RUN gets, and who must agree to that.
final class DevicePlanTests {
    private let directory = FilePath(NSTemporaryDirectory()).appending("caisson-devices-\(UUID())")

    init() throws {
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
        try Data(
            """
            cdiVersion: 0.6.0
            kind: v.example/c
            devices:
            - { name: a, containerEdits: { env: [A=1, SAME=a] } }
            - { name: b, containerEdits: { env: [B=1, SAME=b] }, annotations: { org.mobyproject.buildkit.device.class: all } }
            - name: free
              annotations: { org.mobyproject.buildkit.device.autoallow: true, org.mobyproject.buildkit.device.class: all }
              containerEdits: { env: [FREE=1] }
            - { name: hooked, containerEdits: { hooks: [{ hookName: prestart, path: /bin/true }] } }
            """.utf8
        ).write(to: URL(fileURLWithPath: directory.appending("v.yaml").string))
    }

    deinit { try? FileManager.default.removeItem(atPath: directory.string) }

    private func plan(_ flags: String, allow: [Entitlement] = []) async throws -> BuildPlan {
        try await BuildPlan.of("FROM scratch\nRUN \(flags) make\n") {
            $0.devices = DeviceRegistry(directories: [directory])
            $0.entitlements = Set(allow)
        }
    }

    @Test(arguments: [
        ("--device=v.example/c=a", ["device"], ["A=1", "SAME=a"]),
        ("--device=v.example/c=a", ["device=v.example/c"], ["A=1", "SAME=a"]),
        ("--device=v.example/c", ["device=v.example/c=a"], ["A=1", "SAME=a"]),
        (
            "--device=v.example/c=b --device=name=v.example/c=a,required", ["device=v.example/c=*"],
            ["B=1", "A=1", "SAME=a"]
        ),
        ("--device=all", ["device=v.example/c=b"], ["B=1", "SAME=b", "FREE=1"]),
        ("--device=v.example/c=free,required=true", [], ["FREE=1"]), ("--device=w.example/c=x", [], []),
    ])
    func devicesAreHadThatSomebodyAllows(flags: String, allow: [String], environment: [String]) async throws {
        let plan = try await plan(flags, allow: allow.compactMap { Entitlement($0) })
        #expect(plan.runs[0].devices.edits.environment == environment)
    }

    @Test(arguments: [
        ("--device=v.example/c=a", [], "needs the entitlement device=v.example/c=a"),
        ("--device=v.example/c=a", ["device=v.example/c=b"], "needs the entitlement device=v.example/c=a"),
        (
            "--device=all", ["network.host"],
            "hint: if you trust it with that, allow it with --allow device=v.example/c=b"
        ),
        ("--device=v.example/c=hooked", ["device"], "hooks, which are programs of the host"),
        ("--device=v.example/c=x,required", ["device"], "this host has no device `v.example/c=x`"),
        ("--device=v.example/c=x,required", ["device"], "hint: specifications are looked for in /"),
        ("--device=v.example/c=hookd,required", ["device"], "did you mean `v.example/c=hooked`?"),
        ("--device=../c=x", ["device"], "`../c=x` is no name for a device"),
    ])
    func othersAreErrorsWithTheirPlace(flags: String, allow: [String], message: String) async throws {
        let error = await #expect(throws: BuildError.self) {
            try await plan(flags, allow: allow.compactMap { Entitlement($0) })
        }
        let text = error?.description ?? ""
        #expect(text.contains("Dockerfile:2:5: error: ") && text.contains(message), "\(text)")
    }

    @Test func whatIsMissingIsSkippedWithAWarning() async throws {
        let plan = try await plan("--device=w.example/c=x --device=class")
        #expect(
            plan.warnings.map(\.message) == [
                "this host has no device `w.example/c=x`: RUN goes without",
                "this host has no device `class`: RUN goes without",
            ])
        #expect(plan.runs[0].devices.names == ["w.example/c=x", "class"] && plan.runs[0].devices.edits.isEmpty)
    }

    @Test func unreadableSpecificationsAreNamedWhereADeviceIsMissing() async throws {
        try Data("kind: {".utf8).write(to: URL(fileURLWithPath: directory.appending("w.json").string))
        let error = await #expect(throws: BuildError.self) { try await plan("--device=w.example/c=x,required") }
        #expect(error?.description.contains("these cannot be read: \(directory)/w.json:1: ") == true)
        #expect(try await plan("--device=v.example/c=free").warnings == [])
    }
}
