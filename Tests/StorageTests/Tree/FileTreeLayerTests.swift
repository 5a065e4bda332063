import Archive
import OCI
import Storage
import Testing

/// What stacks of layers show, by the headers of their tars alone.
@Suite struct FileTreeLayerTests {
    private func entry(_ path: String, _ kind: TarEntry.Kind = .file(size: 0, offset: 0, segments: nil)) -> TarEntry {
        TarEntry(path: EntryPath(unchecked: Array(path.utf8)), kind: kind, mode: 0o644)
    }

    private func paths(_ layers: [[TarEntry]]) -> [String] {
        let tree = FileTree(
            layers: layers.enumerated().map { (DiffID(Digest.of([UInt8($0.offset)])), $0.element) })
        var paths: [String] = []
        tree.walk { path, _ in paths.append(path.description) }
        return paths
    }

    @Test func entriesBelowALowerLayersLinkGoWhereTheLinkLeads() {
        let lower = [
            entry("usr", .directory), entry("usr/lib", .directory), entry("lib", .symbolicLink(Array("usr/lib".utf8))),
        ]
        #expect(paths([lower, [entry("lib/foo")]]) == ["lib", "usr", "usr/lib", "usr/lib/foo"])
        #expect(
            paths([lower, [entry("lib/new/foo")]]) == ["lib", "usr", "usr/lib", "usr/lib/new", "usr/lib/new/foo"])
    }

    @Test func whiteoutsBelowALowerLayersLinkHideWhatTheLinkLeadsTo() {
        let lower = [
            entry("usr", .directory), entry("usr/foo"), entry("lib", .symbolicLink(Array("usr".utf8))),
        ]
        #expect(paths([lower, [entry("lib/.wh.foo")]]) == ["lib", "usr"])
    }

    @Test func whiteoutsHideOnlyWhatLiesBelowTheirLayer() {
        let lower = [entry("a", .directory), entry("a/old")]
        #expect(paths([lower, [entry("a/new"), entry("a/.wh..wh..opq")]]) == ["a", "a/new"])
        #expect(paths([lower, [entry("a/old"), entry("a/.wh.old")]]) == ["a", "a/old"])
        #expect(paths([lower, [entry(".wh.a")]]) == [])
    }

    @Test func aFileReplacesADirectoryWithAllThatItHolds() {
        #expect(paths([[entry("a", .directory), entry("a/b")], [entry("a")]]) == ["a"])
    }

    @Test func aDirectoryThatIsThereKeepsWhatItHolds() {
        #expect(paths([[entry("a", .directory), entry("a/b")], [entry("a", .directory)]]) == ["a", "a/b"])
    }
}
