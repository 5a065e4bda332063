import Foundation
import HTTP
import OCI
import Registry
import SystemPackage
import TestServers
import Testing

/// Against Debian's docker-registry.
@Suite(.enabled(if: RegistryProcess.isInstalled, "docker-registry is not installed"), .timeLimit(.minutes(3)))
struct RealRegistryTests {
    private let client = RegistryClient()

    @Test func pushedImageIsPulled() async throws {
        let registry = try await RegistryProcess()
        let image = SampleImage(layers: [SampleImage.bytes(3_000_000), [], SampleImage.bytes(10, seed: 2)])
        let reference = try ImageReference(parsing: "\(registry.host)/team/app:1.0")
        try await image.push(to: client, reference)

        let found = try await client.resolve(reference)
        #expect(found == image.manifest.descriptor)
        #expect(try await client.manifest(found, in: reference.repository) == image.manifest)
        for (bytes, descriptor) in zip(image.layers, image.descriptors) {
            #expect(try await client.contains(descriptor, in: reference.repository))
            #expect(try await client.bytes(of: descriptor, in: reference.repository) == bytes)
        }
        let tail = try await client.bytes(of: image.descriptors[0], in: reference.repository, from: 2_999_990)
        #expect(tail == Array(image.layers[0].suffix(10)))
        #expect(try await client.tags(of: reference.repository) == ["1.0"])
        #expect(try await client.check(registry.host) == .ready)
    }

    @Test func whatIsNotThereIsNotFound() async throws {
        let registry = try await RegistryProcess()
        let reference = try ImageReference(parsing: "\(registry.host)/team/app:1.0")
        let blob = Descriptor(of: [1], mediaType: .ociLayerTar)
        await #expect { try await client.resolve(reference) } throws: { ($0 as? OCIError)?.code == .notFound }
        await #expect { try await client.bytes(of: blob, in: reference.repository) } throws: {
            ($0 as? OCIError)?.code == .notFound
        }
        #expect(try await !client.contains(blob, in: reference.repository))
    }

    @Test func blobIsMountedFromASibling() async throws {
        let registry = try await RegistryProcess()
        let image = SampleImage(layers: [SampleImage.bytes(1000)])
        let origin = try ImageReference(parsing: "\(registry.host)/base:1")
        try await image.push(to: client, origin)
        let sibling = RepositoryName(registry: registry.host, path: "app")
        #expect(try await client.mount(image.descriptors[0], from: origin.repository, in: sibling))
        #expect(try await client.bytes(of: image.descriptors[0], in: sibling) == image.layers[0])
        // An unknown blob begins an upload, which the transfer then uses.
        let other = Descriptor(of: [9], mediaType: .ociLayerTar)
        #expect(try await !client.mount(other, from: origin.repository, in: sibling))
        try await client.put(other, .bytes([9]), in: sibling)
        #expect(try await client.contains(other, in: sibling))
    }

    @Test func wrongContentIsRefusedByTheRegistry() async throws {
        let registry = try await RegistryProcess()
        let repository = RepositoryName(registry: registry.host, path: "app")
        let blob = Descriptor(of: [1, 2, 3], mediaType: .ociLayerTar)
        await #expect { try await client.put(blob, .bytes([1, 2, 4]), in: repository) } throws: {
            ($0 as? RegistryError)?.code == .refused && "\($0)".contains("digest_invalid")
        }
        await #expect { try await client.put(SampleImage(layers: [[7]]).manifest, tag: "1", in: repository) } throws: {
            ($0 as? RegistryError)?.code == .blobUnknown
        }
    }

    @Test func deletedManifestIsGone() async throws {
        let registry = try await RegistryProcess()
        let reference = try ImageReference(parsing: "\(registry.host)/app:1")
        let image = SampleImage(layers: [])
        try await image.push(to: client, reference)
        try await client.delete(manifest: image.manifest.descriptor.digest, in: reference.repository)
        await #expect(throws: OCIError.self) { try await client.resolve(reference) }
    }

    @Test func passwordIsAskedForAndUsed() async throws {
        let tools = try Tools()
        defer { tools.remove() }
        let file = tools.directory + "/htpasswd"
        // alice, wonderland
        try "alice:$2y$05$abcdefghijklmnopqrstuuA0vov2GDneHB3.8.cv9UF9g.RdvScIW\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        var options = RegistryProcess.Options()
        options.passwordFile = file
        let registry = try await RegistryProcess(options)
        let reference = try ImageReference(parsing: "\(registry.host)/app:1")
        let image = SampleImage(layers: [SampleImage.bytes(100_000)])

        await #expect { try await image.push(to: client, reference) } throws: { error in
            (error as? RegistryError)?.code == .unauthorized && "\(error)".contains("caisson login \(registry.host)")
        }
        #expect(try await client.check(registry.host) == .needsLogin)
        let wrong = RegistryClient(credentials: AnyHost(.basic(user: "alice", password: Secret("canary"))))
        await #expect { try await image.push(to: wrong, reference) } throws: { error in
            (error as? RegistryError)?.code == .unauthorized && !"\(error)".contains("canary")
        }
        let right = RegistryClient(
            credentials: StaticCredentials([registry.host: .basic(user: "alice", password: Secret("wonderland"))]))
        try await image.push(to: right, reference)
        #expect(try await right.resolve(reference) == image.manifest.descriptor)
        #expect(try await right.check(registry.host) == .ready)
    }

    // MARK: TLS

    /// A certificate authority and a registry whose certificate for `name` it signed.
    private func secured(_ tools: Tools, for name: String) async throws -> (RegistryProcess, authority: String) {
        let directory = tools.directory
        try await tools.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem")
        try await tools.run(
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=registry",
            "-keyout", "server.key", "-out", "server.csr")
        try "subjectAltName=\(name)\n".write(toFile: directory + "/names", atomically: true, encoding: .utf8)
        try await tools.run(
            "openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2",
            "-extfile", "names", "-out", "server.pem")
        var options = RegistryProcess.Options()
        options.certificate = (directory + "/server.pem", directory + "/server.key")
        return (try await RegistryProcess(options), directory + "/ca.pem")
    }

    private func configuration(_ host: String, _ change: (inout RegistryConfiguration.Host) -> Void)
        -> RegistryConfiguration
    {
        var configuration = RegistryConfiguration()
        var settings = RegistryConfiguration.Host()
        settings.plainHTTP = false
        change(&settings)
        configuration.hosts[host] = settings
        return configuration
    }

    @Test(.enabled(if: Tools.areInstalled("openssl"), "openssl is not installed"))
    func certificateOfAPrivateAuthorityIsAcceptedByConfigurationOnly() async throws {
        let tools = try Tools()
        defer { tools.remove() }
        let (registry, authority) = try await secured(tools, for: "IP:127.0.0.1")
        let image = SampleImage(layers: [SampleImage.bytes(2_000_000)])
        let reference = try ImageReference(parsing: "\(registry.host)/app:1")

        let unknowing = RegistryClient(configuration(registry.host) { _ in })
        await #expect { try await unknowing.resolve(reference) } throws: {
            ($0 as? RegistryError)?.code == .configuration && "\($0)".contains("certificate")
        }
        let knowing = RegistryClient(configuration(registry.host) { $0.transport.certificateAuthorities = authority })
        try await image.push(to: knowing, reference)
        #expect(try await knowing.bytes(of: image.descriptors[0], in: reference.repository) == image.layers[0])
        let careless = RegistryClient(configuration(registry.host) { $0.transport.acceptsAnyCertificate = true })
        #expect(try await careless.resolve(reference) == image.manifest.descriptor)
    }

    @Test(.enabled(if: Tools.areInstalled("openssl"), "openssl is not installed"))
    func certificateForAnotherHostIsRefused() async throws {
        let tools = try Tools()
        defer { tools.remove() }
        let (registry, authority) = try await secured(tools, for: "DNS:registry.example.org")
        let client = RegistryClient(configuration(registry.host) { $0.transport.certificateAuthorities = authority })
        await #expect { try await client.resolve(try ImageReference(parsing: "\(registry.host)/app:1")) } throws: {
            ($0 as? RegistryError)?.code == .configuration
        }
    }
}
