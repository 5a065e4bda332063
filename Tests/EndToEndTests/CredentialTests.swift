import Foundation
import Linux
import SystemPackage
import TestServers
import Testing

/// Passwords of `config.json`: used where they belong, shown nowhere.
@Suite(.enabled(if: Requirements.registry, Requirements.registryComment), .timeLimit(.minutes(2)))
struct CredentialTests {
    /// A registry that wants alice and wonderland.
    private func registry(_ workspace: Workspace) async throws -> RegistryProcess {
        try workspace.write("htpasswd", "alice:$2y$05$abcdefghijklmnopqrstuuA0vov2GDneHB3.8.cv9UF9g.RdvScIW\n")
        var options = RegistryProcess.Options()
        options.passwordFile = workspace.path("htpasswd")
        return try await RegistryProcess(options)
    }

    private func login(_ workspace: Workspace, _ registry: RegistryProcess, password: String) throws {
        let word = Data("alice:\(password)".utf8).base64EncodedString()
        try workspace.write(".docker/config.json", #"{"auths":{"\#(registry.host)":{"auth":"\#(word)"}}}"#)
    }

    @Test func withoutAPasswordTheRegistryIsNamedAndTheRemedy() async throws {
        let workspace = try Workspace()
        let registry = try await registry(workspace)
        try workspace.context("ENV A=1\n")
        let result = try await workspace.caisson("build", "-t", "\(registry.host)/app:1", "--push", "app")
        #expect(result.code == 3)
        #expect(result.errorText.contains("caisson login \(registry.host)"), "\(result.errorText)")
    }

    @Test(arguments: ["auto", "plain", "json", "quiet"])
    func passwordIsUsedAndNeverShown(style: String) async throws {
        let workspace = try Workspace()
        let registry = try await registry(workspace)
        try login(workspace, registry, password: "wonderland")
        try workspace.context("RUN /bin/busybox env\n")
        let name = "\(registry.host)/app:1"
        let pushed = try await workspace.caisson("build", "-t", name, "--push", "--progress", style, "app")
        #expect(pushed.code == 0, "\(pushed.errorText)")
        let pulled = try await workspace.caisson("pull", "--root", workspace.path("other"), "--progress", style, name)
        #expect(pulled.code == 0 && pulled.outputText == pushed.outputText)
        try expectUnseen("wonderland", [pushed, pulled], workspace)
    }

    @Test func wrongPasswordIsRefusedAndNotShown() async throws {
        let workspace = try Workspace()
        let registry = try await registry(workspace)
        try login(workspace, registry, password: "canary-word")
        let result = try await workspace.caisson("pull", "\(registry.host)/app:1")
        #expect(result.code == 3 && result.errorText.contains(registry.host))
        try expectUnseen("canary-word", [result], workspace)
    }

    /// Neither as it is nor encoded, neither on the streams nor in the stores.
    private func expectUnseen(_ word: String, _ results: [Command.Result], _ workspace: Workspace) throws {
        let encoded = Data("alice:\(word)".utf8).base64EncodedString()
        for result in results {
            for text in [result.outputText, result.errorText] {
                #expect(!text.contains(word) && !text.contains(encoded))
            }
        }
        for directory in ["store", "other"] where workspace.exists(directory) {
            for name in FileManager.default.subpaths(atPath: workspace.path(directory)) ?? [] {
                guard let data = FileManager.default.contents(atPath: workspace.path("\(directory)/\(name)")) else {
                    continue
                }
                #expect(data.range(of: Data(word.utf8)) == nil && data.range(of: Data(encoded.utf8)) == nil, "\(name)")
            }
        }
    }
}
