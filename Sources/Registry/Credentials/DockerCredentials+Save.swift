package import HTTP
import Linux
import OCI
package import SystemPackage

extension DockerCredentials {
    /// Keeps a user's password for `registry` in a `config.json`, as Docker's tools do without a helper: encoded, not
    /// encrypted, readable by its owner alone. Everything else in the file stays.
    package static func save(user: String, password: Secret, for registry: String, in file: FilePath) async throws {
        var document: JSONObject = [:]
        if FileContents.exists(file) {
            let existing = try JSON(parsing: try FileContents.read(file, limit: 4 << 20))
            guard let object = existing.objectValue else {
                throw RegistryError(.configuration, "`\(file)` does not hold a JSON object")
            }
            document = object
        }
        var entries = document["auths"]?.objectValue ?? [:]
        let key = registry == DockerHub.name ? DockerHub.credentialKey : registry
        entries[key] = ["auth": .string(Base64.encode("\(user):\(password.revealed())"))]
        document["auths"] = .object(entries)
        var directory = file
        directory.removeLastComponent()
        try DirectoryTree.create(directory, mode: 0o700)
        try await FileContents.replace(file, mode: 0o600) { output in
            try output.write(Array((JSON.object(document).indentedText + "\n").utf8))
        }
    }
}
