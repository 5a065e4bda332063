import HTTP
import Linux
import OCI
import SystemPackage

/// The credentials of Docker's and podman's users: their files and helper programs, read anew each time.
package actor DockerCredentials: CredentialSource {
    /// Where to look. Files are asked in order; one that does not exist has no say.
    package struct Locations: Hashable, Sendable {
        package var files: [String]
        /// Directories of helper programs.
        package var helperDirectories: [String]
        /// "NAME=value": what helpers get.
        package var helperEnvironment: [String]

        package init(files: [String], helperDirectories: [String] = [], helperEnvironment: [String] = []) {
            self.files = files
            self.helperDirectories = helperDirectories
            self.helperEnvironment = helperEnvironment
        }

        /// What `environment`, that of the user's process, says: `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG`, `HOME`,
        /// `XDG_RUNTIME_DIR`, `XDG_CONFIG_HOME`, `PATH`.
        package init(environment: [String: String]) {
            func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
            let home = value("HOME")
            let configuration = value("XDG_CONFIG_HOME") ?? home.map { $0 + "/.config" }
            files = [
                value("REGISTRY_AUTH_FILE"),
                (value("DOCKER_CONFIG") ?? home.map { $0 + "/.docker" }).map { $0 + "/config.json" },
                value("XDG_RUNTIME_DIR").map { $0 + "/containers/auth.json" },
                configuration.map { $0 + "/containers/auth.json" },
            ].compactMap(\.self)
            helperDirectories = value("PATH")?.split(separator: ":").map(String.init) ?? []
            helperEnvironment = environment.map { "\($0.key)=\($0.value)" }.sorted()
        }
    }

    private static let largestFile = 4 << 20

    private let locations: Locations
    private nonisolated let thread = BlockingThread(label: "credentials")

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package init(_ locations: Locations) { self.locations = locations }

    package func credential(for registry: String, path: String) async throws -> Credential? {
        for location in locations.files {
            guard let file = try read(location) else { continue }
            if let found = try await credential(for: registry, path: path, in: file) { return found }
        }
        return nil
    }

    private func credential(for registry: String, path: String, in file: CredentialFile) async throws -> Credential? {
        if let name = file.helper(for: registry) {
            let helper = CredentialHelper(
                name: name, directories: locations.helperDirectories, environment: locations.helperEnvironment)
            return try await helper.credential(for: registry)
        }
        return try file.credential(for: registry, path: path)
    }

    private func read(_ path: String) throws -> CredentialFile? {
        do {
            let bytes = try FileContents.read(FilePath(path), limit: Self.largestFile)
            return bytes.isEmpty ? nil : try CredentialFile(parsing: bytes)
        } catch let error as SystemError where [.noSuchFileOrDirectory, .notDirectory].contains(error.errno) {
            return nil
        } catch let error as SystemError {
            throw RegistryError(.configuration, "cannot read credential file: \(error)")
        } catch let error as OCIError {
            throw RegistryError(.configuration, "credential file `\(path)` is not valid: \(error)")
        }
    }
}
