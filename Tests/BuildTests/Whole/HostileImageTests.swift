import Build
import Engine
import Foundation
import Linux
import OCI
import Storage
import SystemPackage
import TestServers
import Testing

/// Base images made by somebody who wants to get out.
@Suite(.enabled(if: Host.canRun, Host.reason), .timeLimit(.minutes(3)))
struct HostileImageTests {
    struct Layer: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        /// What the build says of it.
        let message: String
    }

    static let refused = [
        Layer(
            testDescription: "a name with ..", bytes: TarArchive.of { $0.add("../../../canary", content: "x") },
            message: "`../../../canary`"),
        Layer(
            testDescription: "a name with .. inside", bytes: TarArchive.of { $0.add("a/../../canary", content: "x") },
            message: "`a/../../canary`"),
        Layer(
            testDescription: "a hard link out of the tree",
            bytes: TarArchive.of { $0.add("shadow", type: "1", link: "../../etc/shadow") }, message: "shadow"),
        Layer(
            testDescription: "a hard link to nothing",
            bytes: TarArchive.of { $0.add("x", type: "1", link: "etc/shadow") },
            message: "etc/shadow"),
        Layer(
            testDescription: "a 0:0 device", bytes: TarArchive.of { $0.add("etc", type: "3") }, message: "etc"),
        Layer(
            testDescription: "an archive that ends in a file",
            bytes: Array(TarArchive.of { $0.add("big", content: String(repeating: "x", count: 4000)) }.prefix(1536)),
            message: "truncated"),
        Layer(
            testDescription: "no archive at all", bytes: Array(repeating: 0x41, count: 4096), message: "no tar header"),
    ]

    @Test(arguments: refused)
    func layersThatLieAreRefused(_ layer: Layer) async throws {
        let shop = try await Workshop()
        try shop.addImage("evil", layers: [layer.bytes])
        let error = await #expect(throws: (any Error).self) { try await shop.build("FROM evil\nWORKDIR /x") }
        #expect("\(error!)".contains(layer.message), "\(error!)")
        // The store is as good as before.
        try await shop.build("FROM base\nRUN true")
    }

    @Test func absoluteNamesAndLinksStayInsideTheImage() async throws {
        let shop = try await Workshop()
        let canary = shop.path.appending("canary")
        try shop.makeDirectory("canary")
        try shop.write("f", "f")
        let archive = TarArchive.of {
            $0.add("/absolute", content: "a")
            $0.add("out", type: "2", link: "\(canary)")
            $0.add("up", type: "2", link: "../../../../../..\(canary)")
            $0.add("etc-host", type: "2", link: "/etc")
        }
        try shop.addImage("evil", layers: [archive])
        let image = try await shop.build(
            """
            FROM evil
            COPY f /out/f
            COPY f /up/g
            WORKDIR /out/made
            COPY <<EOF /etc-host/here
            x
            EOF
            """)
        let tree = try await shop.tree(of: image)
        #expect(tree["absolute"] == "file 644 0:0 \"a\"")
        let inside = String(canary.string.dropFirst())
        #expect(tree["\(inside)/f"] == "file 644 0:0 \"f\"")
        #expect(tree["\(inside)/g"] == "file 644 0:0 \"f\"")
        #expect(tree["\(inside)/made"] == "directory 755 0:0")
        #expect(tree["etc/here"] == "file 644 0:0 \"x\n\"")
        #expect(try FileManager.default.contentsOfDirectory(atPath: canary.string).isEmpty)
    }

    @Test func copiesOutOfAStageResolveItsLinksInside() async throws {
        let shop = try await Workshop()
        let image = try await shop.build(
            """
            FROM base AS evil
            RUN ln -s / /root-link && echo inside > /etc/shadow && ln -s /../../etc/shadow /leak
            FROM base
            COPY --from=evil /root-link/etc/shadow /one
            COPY --from=evil /leak /two
            """)
        let tree = try await shop.tree(of: image)
        #expect(tree["one"] == "file 644 0:0 \"inside\n\"")
        #expect(tree["two"] == "file 644 0:0 \"inside\n\"")
    }

    @Test func devicesOfAnImageAreNoDevicesInAStep() async throws {
        let shop = try await Workshop()
        let device = TarArchive.of { $0.add("disk", type: "4", mode: 0o666, device: (8, 0)) }
        let base = try shop.config(of: try await shop.build("FROM base"))
        let layers = try base.diffIDs.map { id in
            Array(try Data(contentsOf: URL(fileURLWithPath: shop.engine.store.layers.tarPath(of: id).string)))
        }
        try shop.addImage("devices", layers: layers + [device])
        let log = EventLog()
        let error = await #expect(throws: BuildError.self) {
            try await shop.build("FROM devices\nRUN cat /disk > /dev/null", log: log)
        }
        #expect("\(error!)".contains("exit code 1"), "\(error!)")
        #expect(log.output.contains("/disk"), "\(log.output)")
    }

    @Test(arguments: ["dev", "proc", "sys", "etc"])
    func aLayerThatMakesKernelTreesLinksIsRefused(_ name: String) async throws {
        let shop = try await Workshop()
        try shop.addImage("evil", layers: [TarArchive.of { $0.add(name, type: "2", link: "/tmp") }])
        let error = await #expect(throws: (any Error).self) { try await shop.build("FROM evil\nRUN [\"/bin/true\"]") }
        #expect("\(error!)".contains("image path /\(name) is a symlink; refused"), "\(error!)")
    }

    @Test func namesAndOwnersOfAnArchiveToAddStayInside() async throws {
        let shop = try await Workshop()
        let archive = TarArchive.of {
            $0.add("out", type: "2", link: "/../../..\(shop.path)")
            $0.add("out/canary", content: "x")
            $0.add("/abs", content: "y")
        }
        try Data(archive).write(to: URL(fileURLWithPath: shop.path.appending("context/x.tar").string))
        let image = try await shop.build("FROM base\nADD x.tar /d")
        let tree = try await shop.tree(of: image)
        #expect(tree["d/abs"] == "file 644 0:0 \"y\"")
        #expect(tree["\(shop.path.string.dropFirst())/canary"] == "file 644 0:0 \"x\"")
        #expect(!FileManager.default.fileExists(atPath: shop.path.appending("canary").string))
        let escaping = TarArchive.of { $0.add("../../canary", content: "x") }
        try Data(escaping).write(to: URL(fileURLWithPath: shop.path.appending("context/x.tar").string))
        await #expect(throws: (any Error).self) { try await shop.build("FROM base\nADD x.tar /d") }
    }
}
