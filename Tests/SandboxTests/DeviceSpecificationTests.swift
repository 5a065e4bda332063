import Foundation
import Glibc
import Sandbox
import SystemPackage
import Testing

/// A directory with specifications of devices, gone with the value.
final class SpecificationDirectory: Sendable {
    let path: FilePath

    init(_ files: [String: String] = [:]) throws {
        path = FilePath(NSTemporaryDirectory()).appending("caisson-devices-\(UUID())")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path.appending(name).string))
    }

    var contents: DeviceRegistry.Contents { DeviceRegistry(directories: [path]).contents() }
}

/// What specifications of the Container Device Interface say and what is refused of them.
struct DeviceSpecificationTests {
    static let yaml = """
        # Written by hand.
        ---
        cdiVersion: "0.6.0"
        kind: vendor.example/device   # a comment
        annotations:
          org.mobyproject.buildkit.device.autoallow: true
        devices:
        - name: foo
          containerEdits:
            env:
              - FOO=it's "here" #1
              - 'BAR=a ''quoted'' one'
            deviceNodes:
            - path: /dev/foo
              hostPath: /dev/null
              type: c
              fileMode: 0640
              permissions: rw
              uid: 5
              gid: 7
            mounts:
              - {hostPath: /usr/lib/foo.so, containerPath: "/opt/foo.so", options: [ro, nosuid, nodev, bind]}
              - hostPath: /run/foo
                containerPath: /run/foo
                options:
                - rw
        -
          name: all
          annotations: { org.mobyproject.buildkit.device.class: "big", org.mobyproject.buildkit.device.autoallow: "false" }
          containerEdits:
            additionalGids: [3, 4]
        containerEdits:
            env: [COMMON=1]
        ...

        """

    static let json = """
        {
        \t"cdiVersion": "1.1.0", "kind": "vendor.example/device",
        \t"devices": [
        \t\t{"name": "json", "containerEdits": {"env": ["A=\\u00e4\\ud83d\\ude00\\"b\\n"],
        \t\t"deviceNodes": [{"path": "/dev/full2", "type": "c", "major": 1, "minor": 7, "fileMode": 438}]}}]
        }
        """

    @Test func yamlIsRead() throws {
        let contents = try SpecificationDirectory(["a.yaml": Self.yaml]).contents
        #expect(contents.faults == [])
        #expect(contents.devices.map(\.name) == ["vendor.example/device=all", "vendor.example/device=foo"])
        #expect(contents.devices.map(\.isAllowed) == [false, true])
        let (all, foo) = (contents.devices[0].edits, contents.devices[1].edits)
        #expect(foo.environment == ["FOO=it's \"here\"", "BAR=a 'quoted' one", "COMMON=1"])
        #expect(all.environment == ["COMMON=1"] && all.groups == [3, 4])
        let node = try #require(foo.nodes.first)
        #expect(node.path == "/dev/foo" && node.hostPath == "/dev/null" && node.kind == .character)
        #expect(node.mode == 0o640 && node.uid == 5 && node.gid == 7 && node.access == [.read, .write])
        #expect(foo.mounts.map(\.hostPath) == ["/usr/lib/foo.so", "/run/foo"])
        #expect(foo.mounts.map(\.path) == ["/opt/foo.so", "/run/foo"])
        #expect(foo.mounts.map(\.isReadOnly) == [true, false])
    }

    @Test func jsonIsRead() throws {
        let contents = try SpecificationDirectory(["a.json": Self.json]).contents
        #expect(contents.faults == [])
        let edits = try #require(contents.devices.first).edits
        #expect(edits.environment == ["A=ä😀\"b\n"])
        let node = try #require(edits.nodes.first)
        #expect(node.number?.major == 1 && node.number?.minor == 7 && node.mode == 0o666)
        #expect(node.access == [.read, .write, .make] && node.uid == nil)
    }

    @Test(arguments: [
        ("vendor.example/device=foo", ["foo"]), ("vendor.example/device=*", ["all", "foo"]),
        ("vendor.example/device", ["all"]), ("big", ["all"]), ("vendor.example/device=bar", []), ("small", []),
        ("vendor.example/other=*", []), ("vendor.example/devic", []),
    ])
    func namesMeanDevices(name: String, expected: [String]) throws {
        let contents = try SpecificationDirectory(["a.yaml": Self.yaml]).contents
        #expect(contents.devices(named: name).map { $0.name.split(separator: "=").last.map(String.init) } == expected)
    }

    @Test(arguments: [
        ("vendor.com/class=name", true), ("vendor.com/class=*", true), ("vendor.com/class", true), ("class1", true),
        ("v/c=0:1.2-3", true), ("", false), ("a b", false), ("/class=x", false), ("v/c=", false), ("v/c/d=x", false),
        ("v/c=../x", false), ("=x", false), ("1v/c=x", false), ("v/c=x,", false), ("v/c==", false), ("v/c=**", false),
    ])
    func namesHaveAForm(name: String, isWellFormed: Bool) {
        #expect(DeviceName.isWellFormed(name) == isWellFormed)
    }

    /// A specification of one device with these lines below its `containerEdits`, which is on line 5.
    static func specification(_ edits: String) -> String {
        "cdiVersion: 0.6.0\nkind: v.example/c\ndevices:\n- name: d\n  containerEdits:\n"
            + edits.split(separator: "\n").map { "    \($0)\n" }.joined()
    }

    @Test(arguments: [
        ("deviceNodes:\n- path: dev/x", ":7: path `dev/x` is no absolute path below `/` without `.` and `..`"),
        ("deviceNodes:\n- path: /dev/../etc/x", ":7: path `/dev/../etc/x` is no absolute path"),
        ("deviceNodes:\n- path: /dev/x\n  hostPath: ../x", ":8: hostPath `../x` is no absolute path"),
        ("deviceNodes:\n- path: /dev/shm/x", ":7: `/dev/shm/x` is the sandbox's own"),
        ("deviceNodes:\n- path: /proc/x", ":7: `/proc/x` is the sandbox's own"),
        ("deviceNodes:\n- path: /dev", ":7: `/dev` is the sandbox's own"),
        ("deviceNodes:\n- path: /dev/x\n  type: p", ":8: the type `p` is neither `c` nor `b`"),
        ("deviceNodes:\n- path: /dev/x\n  permissions: rx", ":8: permissions `rx` are not some of r, w and m"),
        ("deviceNodes:\n- path: /dev/x\n  fileMode: 04755", ":8: fileMode is no number up to 511: `04755`"),
        ("deviceNodes:\n- path: /dev/x\n  uid: -1", ":8: uid is no number up to 4294967295: `-1`"),
        ("deviceNodes:\n- hostPath: /dev/x", ":7: a device node has no `path`"),
        ("deviceNodes: /dev/x", ":6: deviceNodes is no list"),
        ("mounts:\n- hostPath: /x\n  containerPath: /", ":8: containerPath `/` is no absolute path below"),
        ("mounts:\n- hostPath: /\n  containerPath: /x", ":7: hostPath `/` is no absolute path below"),
        ("mounts:\n- hostPath: /x\n  containerPath: /x\n  type: tmpfs", ":9: a mount that is no bind mount"),
        ("mounts:\n- hostPath: /x\n  containerPath: /x\n  options: [dev]", ":9: the mount option `dev` is not known"),
        ("env: [X]", ":6: the variable `X` is not NAME=value"), ("env:\n- =x", ":7: the variable `=x` is not"),
        ("environ: []", ":6: unknown member `environ` of containerEdits"),
        ("env: !own [X=1]", ":6: type tags such as `!own` are not understood here"),
        ("<<: {env: [X=1]}", ":6: `<<` is not understood here"),
        ("env:\n- \"X=1", ":7: found unexpected end of stream"),
        ("env: [X=1", ":6: did not find expected ',' or ']'"),
        ("env: []\nenv: []", ":6: key `env` is given more than once"),
        ("env:\n\t- X=1", ":7: tab in the indentation"),
        ("env: a: b", ":6: mapping values are not allowed in this context"),
        ("---\nenv: []", ":7: mapping values are not allowed in this context"),
    ])
    func faultsHaveFileAndLine(edits: String, message: String) throws {
        let directory = try SpecificationDirectory(["a.yaml": Self.specification(edits)])
        let contents = directory.contents
        #expect(contents.devices.isEmpty && contents.faults.count == 1)
        #expect(contents.faults.first?.hasPrefix("\(directory.path)/a.yaml\(message)") == true, "\(contents.faults)")
    }

    @Test(arguments: [
        ("", ":1: the file is empty"),
        ("{\"cdiVersion\": \"0.6.0\",\n \"kind\" 1}", ":2: did not find expected ',' or '}'"),
        ("kind: a/b\ndevices: []", ":1: the specification has no `cdiVersion`"),
        ("cdiVersion: 9.0.0\nkind: a/b\ndevices: []", ":1: cdiVersion is none that is known here"),
        ("cdiVersion: 1.0.0\nkind: ab\ndevices: []", ":2: the kind `ab` is not of the form vendor/class"),
        (
            "cdiVersion: 1.0.0\nkind: a/b\ndevices:\n- name: ..\n  containerEdits: {}",
            ":4: `..` is no name for a device"
        ),
        ("[]", ":1: the specification is no mapping"), ("a: b\n---\nc: d", ":2: a second document begins here"),
    ])
    func textsThatAreNoSpecificationAreRefused(text: String, message: String) throws {
        let directory = try SpecificationDirectory(["a.json": text])
        #expect(
            directory.contents.faults == ["\(directory.path)/a.json\(message)"]
                || directory.contents.faults.first?
                    .hasPrefix("\(directory.path)/a.json\(message)") == true,
            "\(directory.contents.faults)")
    }

    @Test func deepAndLargeFilesAreRefusedAndOthersIgnored() throws {
        let directory = try SpecificationDirectory([
            "deep.json": String(repeating: "[", count: 100_000),
            "large.yaml": String(repeating: "# \n", count: 400_000),
            "notes.txt": "no specification", "good.yaml": Self.specification("env: [X=1]"),
        ])
        mkfifo(directory.path.appending("pipe.yaml").string, 0o600)
        mkdir(directory.path.appending("directory.json").string, 0o700)
        symlink("/nonexistent", directory.path.appending("link.json").string)
        symlink("good.yaml", directory.path.appending("other.txt").string)
        let contents = directory.contents
        #expect(contents.devices.map(\.name) == ["v.example/c=d"])
        let faults = contents.faults.joined(separator: "\n")
        #expect(contents.faults.count == 5, "\(faults)")
        #expect(faults.contains("deep.json:1: values are nested more than 32 deep"))
        for name in ["large.yaml", "pipe.yaml", "directory.json", "link.json"] { #expect(faults.contains(name)) }
    }

    @Test(arguments: [
        ("hooks:\n- hookName: createContainer\n  path: /bin/true", "hooks, which are programs of the host"),
        ("netDevices:\n- hostInterfaceName: eth0\n  name: eth0", "interfaces of the host's network"),
        ("intelRdt:\n  closID: x", "classes of the processor's cache"),
    ])
    func whatCannotBeCarriedOutIsRefusedWithItsPlace(edits: String, reason: String) throws {
        let directory = try SpecificationDirectory([
            "a.yaml": Self.specification(edits), "b.yaml": Self.specification("hooks: []").replacing("v.", with: "w."),
        ])
        let devices = directory.contents.devices
        #expect(directory.contents.faults == [] && devices.map(\.name) == ["v.example/c=d", "w.example/c=d"])
        #expect(devices[0].refusal?.hasPrefix("\(directory.path)/a.yaml:7: \(reason)") == true, "\(devices)")
        #expect(devices[1].refusal == nil)
    }

    @Test func aLaterDirectoryCountsAndOneDirectoryHasNoTwoOfAName() throws {
        let text = Self.specification("env: [X=1]")
        let (first, second) = (
            try SpecificationDirectory(["a.yaml": text, "b.yaml": text]), try SpecificationDirectory()
        )
        let both = DeviceRegistry(directories: [first.path, second.path, "/nonexistent"])
        #expect(both.contents().devices.first?.refusal?.contains("b.yaml` both describe it") == true)
        try second.write("c.yaml", Self.specification("env: [X=2]"))
        let contents = both.contents()
        #expect(contents.devices.map(\.edits.environment) == [["X=2"]] && contents.devices[0].refusal == nil)
        #expect(contents.faults == [])
    }
}
