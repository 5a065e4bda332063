import Build
import Engine
import Foundation
import Linux
import Storage
import SystemPackage
import Testing

/// A store on a file system of its own that has no room left.
@Suite(
    .enabled(if: Host.canRun && Command.locate("mkfs.ext4") != nil, "needs root, crun and loop devices"),
    .timeLimit(.minutes(3)))
struct DiskFullTests {
    @Test func aBuildThatFillsTheDiskFailsWithThePlaceAndTheNextOneWorks() async throws {
        let place = FilePath(NSTemporaryDirectory()).appending("caisson-full-\(UUID())")
        try FileManager.default.createDirectory(
            atPath: place.appending("mount").string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place.string) }
        try await Self.run("truncate", "-s", "96M", "\(place)/image")
        try await Self.run("mkfs.ext4", "-q", "-F", "\(place)/image")
        try await Self.run("mount", "-o", "loop", "\(place)/image", "\(place)/mount")
        do {
            try await Self.fill(place.appending("mount"))
        } catch {
            try await Self.run("umount", "-l", "\(place)/mount")
            throw error
        }
        try await Self.run("umount", "-l", "\(place)/mount")
    }

    private static func fill(_ mount: FilePath) async throws {
        let shop = try await Workshop(store: mount.appending("store"))
        let error = await #expect(throws: (any Error).self) {
            try await shop.build("FROM base\nRUN dd if=/dev/urandom of=/big bs=1M count=120")
        }
        #expect("\(error!)".contains(mount.string), "\(error!)")
        #expect("\(error!)".contains("MiB") || "\(error!)".contains("bytes"), "\(error!)")
        let image = try await shop.build("FROM base\nRUN echo fits > /small")
        #expect(try await shop.tree(of: image)["small"] == "file 644 0:0 \"fits\n\"")
        let findings = try shop.engine.store.check().findings
        #expect(findings.isEmpty, "\(findings)")
    }

    private static func run(_ program: String, _ arguments: String...) async throws {
        let path = try #require(Command.locate(program))
        let result = try await Command(path, arguments).run()
        try #require(result.status.isSuccess, "\(program): \(result.errorText)")
    }
}
