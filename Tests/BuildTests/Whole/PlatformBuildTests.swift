import Build
import Engine
import Foundation
import OCI
import SystemPackage
import Testing

/// Images of several platforms, and steps for CPUs this host is not.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(2)))
struct PlatformBuildTests {
    @Test func indexHoldsAnImageForEachPlatform() async throws {
        let shop = try await Workshop()
        try shop.write("f", "text")
        let platforms = try ["linux/amd64", "linux/arm64", "linux/arm/v7"].map(Platform.init(parsing:))
        let images = try await shop.engine.build(
            shop.request("FROM scratch\nCOPY f /\n") { $0.platforms = platforms }, report: { _ in })
        let targets = BuiltTarget.grouped(images)
        #expect(targets.count == 1 && targets[0].images.map(\.platform) == platforms)
        let index = try ImageIndex(parsing: try #require(targets[0].index).bytes)
        #expect(index.manifests.map(\.platform) == platforms)
        #expect(index.manifests.map(\.digest) == images.map(\.digest))
        // One layer serves all of them.
        #expect(Set(images.map(\.chain)).count == 1 && Set(images.map(\.digest)).count == 3)
        for (image, platform) in zip(images, platforms) { #expect(try shop.config(of: image).platform == platform) }
    }

    @Test(.enabled(if: !ForeignPlatform.architectures().contains("s390x"), "this host runs s390x programs"))
    func stepForAnotherCPUIsRefusedWithItsRemedy() async throws {
        let shop = try await Workshop()
        let platform = try Platform(parsing: "linux/s390x")
        let error = await #expect(throws: BuildError.self) {
            try await shop.build("FROM scratch\nRUN [\"/bin/true\"]\n") { $0.platforms = [platform] }
        }
        let text = "\(try #require(error))"
        #expect(text.contains("linux/s390x") && text.contains("emulator"), "\(text)")
    }

    /// The smallest program for arm64: it writes a line and ends.
    private static let arm64Program: [UInt8] = {
        func little(_ value: UInt64, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xff) } }
        let message = Array("from arm64\n".utf8)
        let code: [UInt64] = [
            0xd280_0020,  // mov x0, 1
            0x1000_00e1,  // adr x1, message
            0xd280_0002 | UInt64(message.count) << 5,  // mov x2, count
            0xd280_0808,  // mov x8, write
            0xd400_0001,  // svc 0
            0xd280_0000,  // mov x0, 0
            0xd280_0ba8,  // mov x8, exit
            0xd400_0001,  // svc 0
        ]
        let size = UInt64(120 + 4 * code.count + message.count)
        var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
        bytes += little(2, 2) + little(183, 2) + little(1, 4) + little(0x40_0078, 8) + little(64, 8) + little(0, 8)
        bytes += little(0, 4) + little(64, 2) + little(56, 2) + little(1, 2) + little(0, 6)
        bytes += little(1, 4) + little(5, 4) + little(0, 8) + little(0x40_0000, 8) + little(0x40_0000, 8)
        bytes += little(size, 8) + little(size, 8) + little(0x1000, 8)
        for instruction in code { bytes += little(instruction, 4) }
        return bytes + message
    }()

    @Test(.enabled(if: ForeignPlatform.architectures().contains("arm64"), "no emulator for arm64 is registered"))
    func stepForAnotherCPURunsWhereAnEmulatorIsRegistered() async throws {
        let shop = try await Workshop()
        try Data(Self.arm64Program).write(to: URL(filePath: shop.path.appending("context/hello").string))
        let platform = try Platform(parsing: "linux/arm64")
        let log = EventLog()
        let image = try await shop.build("FROM scratch\nCOPY --chmod=755 hello /\nRUN [\"/hello\"]\n", log: log) {
            $0.platforms = [platform]
        }
        #expect(log.output.contains("from arm64"))
        #expect(try shop.config(of: image).platform == platform)
    }
}
