import Glibc
import Linux
import Sandbox
import Testing

/// Images that would make a runtime write outside of the root are refused before a runtime sees them.
@Suite(.enabled(if: Requirements.canRun, Requirements.comment), .timeLimit(.minutes(2)))
struct RootCheckTests {
    static let places = ["dev", "proc", "sys", "etc", "run", "tmp"]
    static let kinds = ["absolute link", "relative link", "link to a sibling", "file", "fifo"]

    @Test(arguments: places, kinds)
    func mountPointThatIsNoDirectoryIsRefused(place: String, kind: String) async throws {
        let root = try BusyboxRoot()
        root.make("outside")
        for name in ["hosts", "resolv.conf", "hostname"] { root.remove("etc/\(name)") }
        root.remove(place)
        let path = "\(root.directory)/root/\(place)"
        switch kind {
        case "absolute link": root.link(place, to: "\(root.directory)/outside")
        case "relative link": root.link(place, to: "../outside")
        case "link to a sibling": root.link(place, to: "work")
        case "file": root.write("root/\(place)", "")
        default: mkfifo(path, 0o644)
        }
        let supervisor = try await SandboxSupervisor.forTests()
        let error = await #expect(throws: SandboxError.self) { try await supervisor.run(.script("true"), in: root) }
        await supervisor.stop()
        #expect(error?.code == .unsuitableRoot)
        #expect(error?.message.contains("image path /\(place) ") == true, "\(error?.message ?? "")")
        #expect(rmdir("\(root.directory)/outside") == 0, "something was made outside of the root")
    }

    @Test(arguments: ["dev/pts", "dev/shm", "dev/mqueue"])
    func linkBelowDevIsRefused(place: String) async throws {
        let root = try BusyboxRoot()
        root.link(place, to: "/work")
        let supervisor = try await SandboxSupervisor.forTests()
        let error = await #expect(throws: SandboxError.self) { try await supervisor.run(.script("true"), in: root) }
        await supervisor.stop()
        #expect(error?.message == "image path /\(place) is a symlink; refused")
    }

    @Test func imageNodesBelowDevAreNotUsed() async throws {
        let root = try BusyboxRoot()
        root.link("dev/null", to: "/etc/passwd")
        root.write("root/etc/passwd", "kept")
        let supervisor = try await SandboxSupervisor.forTests()
        let result = try await supervisor.run(
            .script("echo x > /dev/null; cat /etc/passwd; cat /proc/timer_list | wc -c"), in: root)
        await supervisor.stop()
        #expect(result.output == "kept0\n")
    }

    @Test func nameServerFileThatIsALinkIsShownWhereItLeads() async throws {
        let root = try BusyboxRoot()
        root.remove("etc/resolv.conf")
        root.make("root/run/resolve")
        root.write("root/run/resolve/stub", "of the image")
        root.link("etc/resolv.conf", to: "../run/resolve/stub")
        let supervisor = try await SandboxSupervisor.forTests()
        let result = try await supervisor.run(.script("cat /etc/resolv.conf | wc -c"), in: root, upper: "upper")
        await supervisor.stop()
        #expect(result.output == "0\n")
        #expect(result.warnings == [])
        #expect(rmdir("\(root.directory)/upper/files") == 0, "a stub was left in the layer")
    }

    @Test(arguments: [nil, "/absent/file", "../../../../etc/passwd-of-nobody", "/proc/self/fd/3"])
    func fileThatIsNotThereIsLeftAloneWithAWarning(target: String?) async throws {
        let root = try BusyboxRoot()
        root.remove("etc/resolv.conf")
        if let target { root.link("etc/resolv.conf", to: target) }
        let supervisor = try await SandboxSupervisor.forTests()
        let result = try await supervisor.run(
            .script("test -e /etc/resolv.conf || echo none"), in: root, upper: "upper")
        await supervisor.stop()
        #expect(result.output == "none\n")
        #expect(result.warnings == ["image has no file /etc/resolv.conf; the one of the sandbox is not shown"])
        #expect(rmdir("\(root.directory)/upper/files") == 0, "a stub was left in the layer")
    }

    @Test func linkThatLeavesTheRootStaysInside() async throws {
        let root = try BusyboxRoot()
        root.remove("etc/hosts")
        root.write("outside", "untouched")
        root.link("etc/hosts", to: "../../outside")
        root.write("root/outside", "image")
        let supervisor = try await SandboxSupervisor.forTests()
        let result = try await supervisor.run(.script("cat /outside"), in: root)
        await supervisor.stop()
        #expect(result.output.hasPrefix("127.0.0.1 localhost"))
    }

    @Test(arguments: [
        "/absent", "/etc/hosts", "/proc", "/proc/x", "/proc/dir", "/dev/x", "/work/../proc", "relative", "/work/loop",
        "/work/kernel", "/work/kernel/dir", "/work/outside",
    ])
    func mountTargetMustBeADirectoryOfTheImage(target: String) async throws {
        let root = try BusyboxRoot()
        root.make("root/proc/dir")
        root.link("work/kernel", to: "../proc")
        root.link("work/loop", to: "loop")
        root.link("work/outside", to: "../../absent")
        var spec = SandboxSpec.script("true")
        spec.mounts = [.init(.tmpfs(size: 4096, mode: 0o755), at: target)]
        let supervisor = try await SandboxSupervisor.forTests()
        let error = await #expect(throws: SandboxError.self) { try await supervisor.run(spec, in: root) }
        await supervisor.stop()
        #expect(error?.code == .unsuitableRoot)
    }
}
