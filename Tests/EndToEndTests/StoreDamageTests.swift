import Foundation
import Linux
import OCI
import SystemPackage
import TestServers
import Testing

/// A flipped bit in any file of a store is found, and what can be mended is.
@Suite(.enabled(if: Requirements.registry, Requirements.registryComment), .timeLimit(.minutes(3)))
struct StoreDamageTests {
    /// A store with everything in it that builds, pushes and pulls put there.
    private func workspace(_ registry: RegistryProcess) async throws -> Workspace {
        let workspace = try Workspace()
        try workspace.context("RUN echo base > /base\n", named: "base")
        try await workspace.succeed(
            "build", "-t", "\(registry.host)/base:1", "--push", "--root", workspace.path("other"), "base")
        try workspace.write(
            "app/Dockerfile", "FROM \(registry.host)/base:1\nRUN echo app > /app\nCMD [\"cat\", \"/base\", \"/app\"]\n")
        try await workspace.succeed("build", "-t", "\(registry.host)/app:1", "--push", "app")
        return workspace
    }

    /// Files with content, relative to the workspace, by what they are: their directory, and what their names end in.
    private func files(_ workspace: Workspace) throws -> [String: [String]] {
        let all = try #require(FileManager.default.subpaths(atPath: workspace.store.string)).sorted()
        var kinds: [String: [String]] = [:]
        for name in all {
            let attributes = try FileManager.default.attributesOfItem(atPath: workspace.path("store/\(name)"))
            guard attributes[.type] as? FileAttributeType == .typeRegular, attributes[.size] as? Int != 0 else {
                continue
            }
            // Every start compares this one with the running system, and takes another word in it for a crash.
            if name == "boot" { continue }
            let parts = name.split(separator: "/")
            let suffix = name.contains(".") ? String(name[name.lastIndex(of: ".")!...]) : ""
            let prefix = parts.last!.contains("-") ? String(parts.last!.prefix { $0 != "-" }) : ""
            kinds[parts[0] + " " + prefix + suffix, default: []].append("store/\(name)")
        }
        return kinds
    }

    private func flip(_ name: String, _ workspace: Workspace) throws {
        let path = workspace.path(name)
        _ = chmod(path, 0o600)
        let handle = try FileHandle(forUpdating: URL(filePath: path))
        defer { try? handle.close() }
        let offset = try handle.seekToEnd() / 2
        try handle.seek(toOffset: offset)
        let byte = try #require(try handle.read(upToCount: 1)).first!
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data([byte ^ 4]))
    }

    @Test func everyKindOfFileIsChecked() async throws {
        let registry = try await RegistryProcess()
        let workspace = try await workspace(registry)
        let output = try await workspace.succeed("run", "\(registry.host)/app:1")
        let kinds = try files(workspace)
        #expect(kinds.count >= 7, "\(kinds.keys)")
        for (kind, names) in kinds.sorted(by: { $0.key < $1.key }) {
            let name = names[0]
            let original = try workspace.bytes(name)
            try flip(name, workspace)
            let check = try await workspace.caisson("fsck", "--json")
            // A store of an unknown format is not even opened.
            #expect(check.code == (name == "store/format" ? 3 : 1), "\(kind): \(name)")
            #expect((check.outputText + check.errorText).contains(name), "\(kind): \(check.outputText)")
            try Data(original).write(to: URL(filePath: workspace.path(name)))
        }
        #expect(try await workspace.succeed("fsck").contains("0 problems"))
        #expect(try await workspace.succeed("run", "\(registry.host)/app:1") == output)
    }

    @Test func damageIsMendedFetchedOrBuiltAgain() async throws {
        let registry = try await RegistryProcess()
        let workspace = try await workspace(registry)
        let name = "\(registry.host)/app:1"
        let digest = try await workspace.succeed("build", "-t", name, "app")
        let output = try await workspace.succeed("run", name)
        for (kind, names) in try files(workspace).sorted(by: { $0.key < $1.key }) where names != ["store/format"] {
            for file in names where workspace.exists(file) { try flip(file, workspace) }
            let repair = try await workspace.caisson("fsck", "--repair")
            #expect(repair.code == 0 || repair.code == 1, "\(kind): \(repair.errorText)")
            let check = try await workspace.caisson("fsck")
            #expect(check.code == 0, "\(kind): \(check.outputText)")
            let run = try await workspace.caisson("run", name)
            #expect(run.outputText == output, "\(kind): \(repair.outputText) \(run.errorText)")
            let build = try await workspace.caisson("build", "-t", name, "app")
            #expect(build.outputText == digest, "\(kind): \(build.errorText)")
        }
    }
}
