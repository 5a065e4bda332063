import Glibc
import Linux
import Sandbox
import SystemPackage
import Testing

/// Mounts below mounts, over links and over what exists.
@Suite(.enabled(if: Requirements.canRun, Requirements.comment), .timeLimit(.minutes(2)))
struct MountOrderTests {
    let root: BusyboxRoot

    init() throws {
        root = try BusyboxRoot()
        for name in ["outer", "outer/kept", "inner", "other"] { root.make(name) }
        chown("\(root.directory)/outer", BusyboxRoot.ids.base, BusyboxRoot.ids.base)
        for name in ["outer", "inner", "other"] { root.write("\(name)/name", name) }
        root.write("file", "file")
        symlink("/etc", "\(root.directory)/outer/link")
        for name in ["m", "m/sub", "run/x", "var"] { root.make("root/\(name)") }
        root.link("var/run", to: "/run")
        root.write("root/m/file", "image")
    }

    private func bind(_ name: String, at target: String, isReadOnly: Bool = false) throws -> SandboxSpec.Mount {
        let file = try OwnedDescriptor.open(root.directory.appending(name), flags: O_RDONLY)
        let mount = SharedDescriptor(try DetachedMount.clone(of: file.rawValue).release())
        return .init(.bind(mount, isReadOnly: isReadOnly), at: target)
    }

    private func run(_ script: String, _ mounts: [SandboxSpec.Mount]) async throws -> String {
        var spec = SandboxSpec.script(script)
        spec.mounts = mounts
        let supervisor = try await SandboxSupervisor.forTests()
        do {
            let result = try await supervisor.run(spec, in: root)
            await supervisor.stop()
            #expect(result.error == "")
            return result.output
        } catch {
            await supervisor.stop()
            throw error
        }
    }

    private func error(_ mounts: [SandboxSpec.Mount]) async -> String? {
        await #expect(throws: SandboxError.self) { _ = try await run("true", mounts) }?.message
    }

    @Test(arguments: [false, true])
    func innerMountIsSeenWhateverTheOrder(isReversed: Bool) async throws {
        var mounts = [
            try bind("outer", at: "/m", isReadOnly: true), try bind("inner", at: "/m/kept"),
            .init(.tmpfs(size: 1 << 20, mode: 0o755), at: "/m/kept/sub"),
        ]
        // The runtime makes what is missing, as root of the step.
        chown("\(root.directory)/inner", BusyboxRoot.ids.base, BusyboxRoot.ids.base)
        if isReversed { mounts.reverse() }
        let script = "cat /m/name /m/kept/name; echo; touch /m/kept/sub/x; ls /m/kept; stat -c %u /m/kept/sub"
        #expect(try await run(script, mounts) == "outerinner\nname\nsub\n0\n")
    }

    @Test func linksOfTheImageAreFollowedAndOrderedByWhereTheyLead() async throws {
        let mounts = [
            try bind("inner", at: "/var/run/x"), SandboxSpec.Mount(.tmpfs(size: 1 << 20, mode: 0o755), at: "/run"),
        ]
        #expect(try await run("cat /run/x/name; ls /run", mounts) == "innerx\n")
    }

    @Test func laterOfTwoMountsOnOneTargetIsSeen() async throws {
        let mounts = [try bind("outer", at: "/m"), try bind("inner", at: "/m"), try bind("other", at: "/m/")]
        #expect(try await run("cat /m/name", mounts) == "other")
    }

    @Test func filesAreMountedOnFiles() async throws {
        #expect(try await run("cat /m/file", [try bind("file", at: "/m/file", isReadOnly: true)]) == "file")
        #expect(await error([try bind("file", at: "/m/sub")]) == "mount target /m/sub is no regular file")
        #expect(await error([try bind("inner", at: "/m/file")]) == "mount target /m/file is no directory")
    }

    @Test func sharedMemoryCanBeMountedOn() async throws {
        let mounts = [
            SandboxSpec.Mount(.tmpfs(size: 1 << 20, mode: 0o1777), at: "/dev/shm"),
            try bind("inner", at: "/dev/shm/inner"),
        ]
        #expect(try await run("cat /dev/shm/inner/name; stat -c %a /dev/shm", mounts) == "inner1777\n")
    }

    @Test func whatIsMissingInAReadOnlyMountIsAnError() async throws {
        #expect(
            await error([try bind("outer", at: "/m", isReadOnly: true), try bind("inner", at: "/m/absent")])
                == "mount target /m/absent does not exist in, and cannot be made in, what is mounted on /m")
    }

    @Test func linksInsideOfAMountAreNotFollowed() async throws {
        #expect(
            await error([try bind("outer", at: "/m"), try bind("inner", at: "/m/link/x")])
                == "mount target /m/link/x leads over a symlink in what is mounted on /m")
        #expect(
            await error([try bind("outer", at: "/m"), try bind("inner", at: "/m/link")])
                == "mount target /m/link leads over a symlink in what is mounted on /m")
        #expect(
            await error([try bind("outer", at: "/m"), try bind("inner", at: "/m/name/x")])
                == "mount target /m/name/x is below a file of what is mounted on /m")
    }

    @Test(arguments: ["/", "//", "/m/..", "m"])
    func targetIsAPathBelowTheRoot(target: String) async throws {
        #expect(await error([try bind("inner", at: target)]) == "mount target \(target) is no path below the root")
    }
}
