import HTTP
import Linux
import OCI
import SystemPackage

/// A program `docker-credential-<name>` that keeps credentials: `get` with the host on its input answers with a JSON
/// object on its output.
struct CredentialHelper: Sendable {
    let name: String
    let directories: [String]
    let environment: [String]

    private static let deadline = Duration.seconds(30)

    /// nil if the helper knows no credential for `registry`.
    func credential(for registry: String) async throws -> Credential? {
        let title = "credential helper `docker-credential-\(name)`"
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }) else {
            throw RegistryError(.configuration, "credential helper has an invalid name")
        }
        guard let program = locate() else {
            throw RegistryError(.configuration, "\(title) for `\(registry)` is not installed")
        }
        var command = Command(program, ["get"], environment: environment)
        command.input = .bytes(Array((registry == DockerHub.name ? DockerHub.credentialKey : registry).utf8))
        command.output = .capture(limit: 64 << 10)
        command.deadline = Self.deadline
        let result = try await command.run()
        guard !result.timedOut else {
            throw RegistryError(.configuration, "\(title) did not answer within \(Self.deadline)")
        }
        guard result.status.isSuccess else {
            // The protocol's only way to say so: this text, on either stream, and a failure.
            if (result.outputText + result.errorText).contains("credentials not found") { return nil }
            throw RegistryError(.configuration, "\(title) failed for `\(registry)`: \(result.status)")
        }
        guard !result.isTruncated, let answer = try? JSON(parsing: result.output),
            let user = answer["Username"]?.stringValue, let password = answer["Secret"]?.stringValue
        else { throw RegistryError(.configuration, "\(title) did not answer with a credential") }
        return user.isEmpty && password.isEmpty ? nil : Credential(user: user, password: password)
    }

    private func locate() -> FilePath? {
        directories.lazy.filter { $0.hasPrefix("/") }.map { FilePath($0).appending("docker-credential-\(name)") }
            .first { path in (try? OwnedDescriptor.open(path)) != nil }
    }
}
