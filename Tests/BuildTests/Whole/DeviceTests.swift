import Build
import Foundation
import Linux
import Sandbox
import SystemPackage
import Testing

/// RUN --device in whole builds on the real kernel.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(3)))
struct DeviceTests {
    /// A workshop with a node like /dev/full, a file of the host's root, and a device `d` with `edits`.
    private static func shop(_ edits: String = "env: []") async throws -> Workshop {
        let shop = try await Workshop()
        let directory = try OwnedDescriptor.open(shop.path, flags: OpenFlags.directory)
        try FileCreation.make(
            .characterDevice(major: 1, minor: 7), named: Array("twin".utf8), in: directory.rawValue, mode: 0o600)
        try shop.write("library", "of the host", mode: 0o600, in: "shared")
        let lines = edits.replacing("HERE", with: shop.path.string).split(separator: "\n")
        try shop.write(
            "v.yaml",
            "cdiVersion: 0.6.0\nkind: v.example/c\ndevices:\n- name: d\n  containerEdits:\n"
                + lines.map { "    \($0)\n" }.joined(), in: "cdi")
        return shop
    }

    private static func build(
        _ shop: Workshop, _ dockerfile: String, allow: Set<Entitlement> = [.device(nil)], log: EventLog = EventLog()
    ) async throws -> [String] {
        let image = try await shop.build(dockerfile, log: log) {
            $0.devices = DeviceRegistry(directories: [shop.path.appending("cdi")])
            $0.entitlements = allow
        }
        return try shop.layer(of: image)
    }

    @Test func nodesHaveTheirPlaceModeAndOwnerAndAreInNoLayer() async throws {
        let shop = try await Self.shop(
            """
            deviceNodes:
            - { path: /dev/sub/twin, hostPath: HERE/twin, fileMode: 0640, uid: 5, gid: 7 }
            - { path: /opt/nodes/twin, hostPath: HERE/twin }
            - { path: /dev/number, type: c, major: 1, minor: 5, fileMode: 384 }
            """)
        let log = EventLog()
        let layer = try await Self.build(
            shop,
            """
            FROM base
            USER app
            RUN --device=v.example/c=d stat -c '%F %t:%T %a %u:%g %n' /dev/sub/twin /opt/nodes/twin /dev/number; \\
                echo x > /opt/nodes/twin || true; dd if=/dev/number bs=1 count=1 of=/dev/null; cat /dev/sub/twin || true; \\
                ls /dev/twin || true
            """, log: log)
        #expect(layer == [])
        for line in [
            "character special file 1:7 640 5:7 /dev/sub/twin",
            "character special file 1:7 666 1000:100 /opt/nodes/twin",
            "character special file 1:5 600 1000:100 /dev/number", "write error: No space left on device",
            "1+0 records in", "can't open '/dev/sub/twin': Permission denied", "/dev/twin: No such file or directory",
        ] {
            #expect(log.output.contains(line), "\(line) in \(log.output)")
        }
    }

    @Test func theHostsNodeIsOutOfReach() async throws {
        let shop = try await Self.shop("deviceNodes: [{ path: /dev/twin, hostPath: HERE/twin }]")
        _ = try await Self.build(
            shop, "FROM base\nRUN --device=v.example/c=d chmod 444 /dev/twin && chown 5:5 /dev/twin && ! rm /dev/twin\n"
        )
        let directory = try OwnedDescriptor.open(shop.path, flags: OpenFlags.directory)
        let status = try FileStatus.of(Array("twin".utf8), in: directory.rawValue)
        #expect(status.kind == .characterDevice && status.mode == 0o600 && status.uid == 0)
    }

    @Test func variablesGroupsAndFilesComeWithADevice() async throws {
        let shop = try await Self.shop(
            """
            env: [A=device, B=device]
            additionalGids: [10, 4242]
            mounts:
            - { hostPath: HERE/shared, containerPath: /opt/shared, options: [ro, bind] }
            - { hostPath: HERE/shared/library, containerPath: /opt/library }
            - { hostPath: HERE/shared, containerPath: /opt/written, options: [rw] }
            """)
        let log = EventLog()
        let layer = try await Self.build(
            shop,
            """
            FROM base
            ENV A=image
            RUN --mount=type=secret,id=b,env=B --device=v.example/c=d echo $A $B; id -G; \\
                stat -c '%a %u:%g %n' /opt/library /opt/shared/library; cat /opt/library; ! touch /opt/shared/x; \\
                ! touch /opt/written/x; ! echo x > /opt/library
            """, log: log)
        #expect(layer == [])
        for line in [
            "device device", "0 10 4242", "600 0:0 /opt/library", "600 0:0 /opt/shared/library", "of the host",
        ] {
            #expect(log.output.contains(line), "\(line) in \(log.output)")
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: shop.path.appending("shared").string) == ["library"])
    }

    @Test(
        .enabled(
            if: CgroupHierarchy.host.devices != nil && FileManager.default.fileExists(atPath: "/dev/fuse"),
            "needs the devices controller of cgroup version 1, and FUSE"))
    func permissionsHold() async throws {
        let shop = try await Self.shop(
            """
            deviceNodes:
            - { path: /dev/reader, type: c, major: 10, minor: 229, permissions: r }
            - { path: /dev/tunnel, type: c, major: 10, minor: 200, permissions: m }
            """)
        let log = EventLog()
        _ = try await Self.build(
            shop,
            """
            FROM base
            RUN --device=v.example/c=d head -c 0 < /dev/reader && echo read; true > /dev/reader; true < /dev/tunnel; \\
                echo x > /dev/null && head -c 1 /dev/zero > /dev/null && echo others
            """, log: log)
        #expect(log.output.contains("read\n") && log.output.contains("others\n"), "\(log.output)")
        for place in ["create /dev/reader", "open /dev/tunnel"] {
            #expect(log.output.contains("\(place): Operation not permitted"), "\(log.output)")
        }
    }

    @Test(arguments: [
        ("[{ path: /dev/x, hostPath: HERE/nothing }]", "the device `/dev/x`: cannot open `HERE/nothing`: no such file"),
        ("[{ path: /dev/x, hostPath: HERE/shared/library }]", "the device `/dev/x`: `HERE/shared/library` is none"),
        ("[{ path: /dev/x, hostPath: /dev/null, type: b }]", "`/dev/null` is not of the type its specification says"),
        ("[{ path: /dev/x, hostPath: /dev/null, uid: 9000000 }]", "the device `/dev/x` cannot belong to 9000000:0"),
        ("[{ path: /etc, hostPath: /dev/null }]", "cannot mount on `/etc`: `/etc` is a directory"),
        ("[{ path: /bin/sh/x, hostPath: /dev/null }]", "/bin/sh"),
    ])
    func whatASpecificationGetsWrongIsAnErrorOfTheStep(nodes: String, message: String) async throws {
        let shop = try await Self.shop("deviceNodes: \(nodes)")
        let error = await #expect(throws: BuildError.self) {
            try await Self.build(shop, "FROM base\nRUN --device=v.example/c=d true\n")
        }
        let text = error?.description ?? ""
        #expect(text.contains(message.replacing("HERE", with: shop.path.string)), "\(text)")
    }

    @Test func namesAreInTheKeyAndSpecificationsAreNot() async throws {
        let shop = try await Self.shop("env: [A=1]")
        let dockerfile = "FROM base\nRUN --device=v.example/c=d echo $A > /out\n"
        #expect(try await Self.build(shop, dockerfile) == ["out file 644 0:0 \"1\n\""])
        try shop.write(
            "v.yaml", "cdiVersion: 1.0.0\nkind: v.example/c\ndevices:\n- name: d\n  containerEdits: {}\n", in: "cdi")
        #expect(try await Self.build(shop, dockerfile) == ["out file 644 0:0 \"1\n\""])
        #expect(try await Self.build(shop, dockerfile.replacing("c=d", with: "c=*")) == ["out file 644 0:0 \"\n\""])
    }
}
