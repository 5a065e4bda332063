import Archive
import Build
import Dockerfile
import Foundation
import OCI
import Storage
import SystemPackage
import Testing

/// What the key of a COPY is made of, and what not.
struct CopyKeyTests {
    /// The digest of what `copy` takes from files in memory.
    private func key(
        _ items: [TreeItem], _ sources: [String] = ["."], from origin: CopyOperation.Origin = .context(0),
        mode: String? = nil, owner: String? = nil
    ) throws -> Digest {
        var copy = CopyOperation(origin: origin, sources: sources, destination: "/x/", epoch: 0)
        copy.mode = mode.flatMap { FileModeChange($0) }
        copy.owner = owner
        let selection = try CopySelection(of: copy, in: FileTree(items))
        var digests: [FileTree.NodeID: Digest] = [:]
        selection.forEach { id in
            guard case .file(let content) = selection.tree[id].kind, case .bytes(let bytes) = content.source else {
                return
            }
            digests[id] = Digest.of(bytes)
        }
        return SelectedFiles(selection, for: copy, digests: digests).digest
    }

    private static let file = TreeItem.file("d/f", "content")

    @Test(
        arguments: [
            ("the content", .file("d/f", "Content")), ("the name", .file("d/g", "content")),
            ("the mode", .file("d/f", "content", mode: 0o755)),
            ("the owner", .file("d/f", "content", owner: (1, 0))),
            ("the group", .file("d/f", "content", owner: (0, 1))),
            ("the type", .symlink("d/f", "content")), ("an attribute", attributed("user.x")),
            ("a capability", attributed("security.capability")),
        ] as [(String, TreeItem)])
    func keysKnowOfAFile(_ what: String, _ other: TreeItem) throws {
        #expect(try key([Self.file]) != key([other]), "\(what)")
    }

    private static func attributed(_ name: String) -> TreeItem {
        var item = file
        item.node.attributes = [ExtendedAttribute(name: Array(name.utf8), value: [1])]
        return item
    }

    @Test func keysKnowWhereLinksLeadAndWhichNamesAreOneFile() throws {
        #expect(try key([.symlink("l", "a")]) != key([.symlink("l", "b")]))
        let two: [TreeItem] = [.file("a", "1"), .file("b", "1")]
        let one: [TreeItem] = [.file("a", "1"), .link("b", to: "a")]
        #expect(try key(two) != key(one))
    }

    @Test func keysIgnoreTheTimesOfAContextAndNotThoseOfAStage() throws {
        let later = [TreeItem.file("d/f", "content", modified: 77)]
        #expect(try key([Self.file]) == key(later))
        #expect(try key([Self.file], from: .stage) != key(later, from: .stage))
    }

    @Test func keysIgnoreFilesThatAreNotTaken() throws {
        let more = [Self.file, .file("other", "x"), .file("d/other", "y")]
        #expect(try key([Self.file], ["d/f*"]) == key(more, ["d/f*"]))
        // A name that a pattern takes is part of what is taken, whatever is in it.
        #expect(try key([.file("a.go", "x")], ["*.go"]) != key([.file("b.go", "x")], ["*.go"]))
    }

    @Test(arguments: [
        ("644", UInt16(0o644), UInt16(0o755), true), ("u=rw,go=r", 0o600, 0o777, true), ("+x", 0o644, 0o755, true),
        ("u=rwX,go=rX", 0o644, 0o755, false), ("g=u", 0o644, 0o755, false), ("a-w", 0o644, 0o444, true),
    ])
    func modesThatChmodMakesOneAreOne(_ change: String, _ one: UInt16, _ other: UInt16, _ isOne: Bool) throws {
        let first = try key([.file("f", mode: one)], ["f"], mode: change)
        let second = try key([.file("f", mode: other)], ["f"], mode: change)
        #expect((first == second) == isOne)
        #expect(try key([.file("f", mode: one)], ["f"]) != key([.file("f", mode: other)], ["f"]))
    }

    @Test func chownTakesTheOwnerOutOfTheKey() throws {
        let other = [TreeItem.file("d/f", "content", owner: (7, 7))]
        #expect(try key([Self.file], owner: "1:1") == key(other, owner: "1:1"))
    }

    /// As many checkouts as there are people: other umasks, owners and times, the same key.
    @Test(arguments: 0..<20)
    func aCheckoutsUmaskOwnerAndTimesAreNotInTheKey(_ seed: UInt64) async throws {
        var random = SplitMix(state: seed)
        let root = FilePath(NSTemporaryDirectory()).appending("caisson-key-\(UUID())")
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        var files: [(path: String, isProgram: Bool)] = []
        for index in 0..<Int.random(in: 1...12, using: &random) {
            let depth = Int.random(in: 0...3, using: &random)
            let path = (0..<depth).map { "d\($0 % 2)" } + ["f\(index)"]
            files.append((path.joined(separator: "/"), Bool.random(using: &random)))
        }
        var seen: Set<Digest> = []
        for _ in 0..<3 {
            try? FileManager.default.removeItem(atPath: root.string)
            let umask = [0o022, 0o002, 0o077, 0o027, 0].randomElement(using: &random) ?? 0
            for file in files {
                let path = root.appending(file.path).string
                try FileManager.default.createDirectory(
                    atPath: root.appending(file.path).removingLastComponent().string, withIntermediateDirectories: true)
                try Data(file.path.utf8).write(to: URL(fileURLWithPath: path))
                chmod(path, mode_t((file.isProgram ? 0o777 : 0o666) & ~umask))
                if geteuid() == 0 { lchown(path, UInt32.random(in: 0...9, using: &random), 5) }
                let time = Date(timeIntervalSince1970: Double(UInt32.random(in: 1...(.max), using: &random)))
                try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
            }
            let context = try DirectoryContext(root, ignore: IgnoreFile(""))
            let copy = CopyOperation(origin: .context(0), sources: ["."], destination: "/x/", epoch: 0)
            let selection = try CopySelection(of: copy, in: try await context.tree())
            var nodes: [(FileTree.NodeID, Int)] = []
            selection.forEach { id in
                if case .file(let content) = selection.tree[id].kind, case .context(let number) = content.source {
                    nodes.append((id, number))
                }
            }
            let digests = try await context.digests(of: nodes.map(\.1))
            let known = Dictionary(uniqueKeysWithValues: zip(nodes.map(\.0), digests))
            seen.insert(SelectedFiles(selection, for: copy, digests: known).digest)
        }
        #expect(seen.count == 1)
    }
}

/// The same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
