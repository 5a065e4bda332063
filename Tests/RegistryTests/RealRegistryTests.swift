import Foundation
import HTTP
import OCI
import Registry
import Testing
import TestServers

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
            #expect(try await client.bytes(of: descriptor, in: reference.repository) == bytes)
        }
        let tail = try await client.bytes(of: image.descriptors[0], in: reference.repository, from: 2_999_990)
        #expect(tail == Array(image.layers[0].suffix(10)))
        #expect(try await client.tags(of: reference.repository) == ["1.0"])
        #expect(try await client.check(registry.host) == .ready)
    }
}
