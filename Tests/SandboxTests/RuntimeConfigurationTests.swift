import Linux
import OCI
import Sandbox
import Testing

struct RuntimeConfigurationTests {
    /// Whatever a Dockerfile or an image may put into a spec.
    private static func arbitrarySpec(_ generator: inout some RandomNumberGenerator) -> SandboxSpec {
        let words = [
            "", "/", "..", "/proc/self/exe", "-v", "--hooks", "{\"hooks\":{}}", "run.oci.handler=x", "\u{0}", "é",
            "a=b",
            "/dev/../etc", "org.opencontainers.image.exec", "\"}]", "\\", "\n",
        ]
        func list() -> [String] {
            (0..<Int.random(in: 0..<6, using: &generator)).map { _ in words.randomElement(using: &generator) ?? "" }
        }
        var spec = SandboxSpec(arguments: list(), environment: list())
        spec.workingDirectory = words.randomElement(using: &generator) ?? "/"
        spec.user = .init(
            uid: .random(in: 0 ... .max, using: &generator), gid: .random(in: 0...3, using: &generator),
            supplementaryGroups: [7])
        spec.network = Bool.random(using: &generator) ? .none : .default
        spec.limits.openFiles = .random(in: 0 ... .max, using: &generator)
        for word in list() { spec.mounts.append(.init(.tmpfs(size: 1, mode: 0o700), at: word)) }
        return spec
    }

    @Test func nothingButTheSpecReachesTheRuntime() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            let spec = Self.arbitrarySpec(&generator)
            let files = FixedFiles.files(for: spec)
            let bytes = RuntimeConfiguration(spec: spec, filterAnnotation: "filter", shadowed: files).json
                .canonicalBytes
            let json = try JSON(parsing: bytes)
            guard case .object(let members) = json, case .object(let annotations) = json["annotations"] else {
                Issue.record("no object")
                return
            }
            #expect(
                Set(members.members.map { $0.name })
                    == ["ociVersion", "process", "root", "hostname", "mounts", "linux", "annotations"])
            #expect(annotations.members.map { $0.name } == ["filter"])
            #expect(json["process"]?["terminal"] == .bool(false))
            #expect(json["process"]?["args"]?.arrayValue?.compactMap { $0.stringValue } == spec.arguments)
            #expect(json["linux"]?["devices"] == nil)
            #expect(json["linux"]?["maskedPaths"]?.arrayValue?.count == 12)
            let mounts = json["mounts"]?.arrayValue ?? []
            #expect(mounts.contains { $0["destination"] == .string("/dev") && $0["type"] == .string("tmpfs") })
            for mount in mounts where mount["type"] == .string("bind") {
                #expect(mount["source"]?.stringValue?.hasPrefix("/tmp/") == true)
            }
            let namespaces = json["linux"]?["namespaces"]?.arrayValue?.compactMap { $0["type"]?.stringValue } ?? []
            #expect(namespaces.sorted() == ["cgroup", "ipc", "mount", "network", "pid", "user", "uts"])
        }
    }

    @Test func limitsNeverExceedOurOwn() {
        var spec = SandboxSpec(arguments: ["true"])
        spec.limits.openFiles = .max
        let json = RuntimeConfiguration(spec: spec, filterAnnotation: "filter", shadowed: []).json
        let limits = json["process"]?["rlimits"]?.arrayValue ?? []
        let files = limits.first { $0["type"] == .string("RLIMIT_NOFILE") }
        #expect(files?["hard"]?.integerValue == Int64(clamping: ResourceLimit.openFiles.hardLimit))
        #expect(files?["soft"]?.integerValue == 1024)
    }
}
