import Foundation
import Linux
package import SystemPackage

/// A real registry (Debian's docker-registry) on a free loopback port with its storage in a directory of its own;
/// ends when the value goes.
package final class RegistryProcess: Sendable {
    package struct Options: Sendable {
        /// A file in htpasswd format (bcrypt).
        package var passwordFile: String?
        /// PEM files of certificate and key.
        package var certificate: (certificate: String, key: String)?
        package var token: Token?
        package var allowsDeletion = true

        package struct Token: Sendable {
            package var realm: String
            package var service: String
            package var issuer: String
            package var certificateBundle: String
        }

        package init() {}
    }

    package static let isInstalled = Command.locate("docker-registry") != nil

    package let port: UInt16
    package let directory: FilePath
    private let process: ChildProcess

    package var host: String { "127.0.0.1:\(port)" }

    package init(_ options: Options = Options()) async throws {
        guard let program = Command.locate("docker-registry") else { throw CocoaError(.executableNotLoadable) }
        directory = FilePath(FileManager.default.temporaryDirectory.path).appending("registry-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
        let unused = try LoopbackPort.unused()
        port = unused.number
        let configuration = directory.appending("config.yml")
        try Self.configuration(options, port: port, storage: directory.appending("storage"))
            .write(toFile: configuration.string, atomically: true, encoding: .utf8)
        var command = Command(program, ["serve", configuration.string])
        command.output = .discard
        command.error = .capture(limit: 1 << 16)
        process = try await command.start()
        for _ in 0..<400 where !unused.isListening { try await Task.sleep(for: .milliseconds(25)) }
        guard unused.isListening else { throw CocoaError(.executableNotLoadable) }
    }

    deinit {
        process.kill()
        try? FileManager.default.removeItem(atPath: directory.string)
    }

    private static func configuration(_ options: Options, port: UInt16, storage: FilePath) -> String {
        var text = """
            version: 0.1
            log: {level: error}
            storage:
              filesystem: {rootdirectory: \(storage)}
              delete: {enabled: \(options.allowsDeletion)}
            http:
              addr: 127.0.0.1:\(port)
              secret: loopback

            """
        if let (certificate, key) = options.certificate {
            text += "  tls: {certificate: \(certificate), key: \(key)}\n"
        }
        if let file = options.passwordFile {
            text += "auth:\n  htpasswd: {realm: test, path: \(file)}\n"
        } else if let token = options.token {
            text += """
                auth:
                  token: {realm: '\(token.realm)', service: \(token.service), issuer: \(token.issuer), \
                rootcertbundle: \(token.certificateBundle)}

                """
        }
        return text
    }
}
