import Archive
import Testing

@Suite struct TarHeaderTests {
    private func path(_ text: String) -> EntryPath { EntryPath(text) ?? .root }

    private func header(_ entry: TarEntry) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try TarHeader.append(entry, to: &bytes)
        return bytes
    }

    /// Entries whose headers the contract fixes, each with the number of blocks it takes.
    static let cases: [(TarEntry, Int)] = {
        func entry(
            _ path: String, _ kind: TarEntry.Kind, mode: UInt16 = 0o644, change: (inout TarEntry) -> Void = { _ in }
        )
            -> (TarEntry, Int)
        {
            var entry = TarEntry(
                path: EntryPath(path) ?? .root, kind: kind, mode: mode, modified: Timestamp(seconds: 1_700_000_000))
            change(&entry)
            return (entry, 1)
        }
        func extended(_ made: (TarEntry, Int)) -> (TarEntry, Int) { (made.0, 3) }
        let name100 = String(repeating: "n", count: 100)
        let prefix155 = String(repeating: "p", count: 155)
        let empty = TarEntry.Kind.file(size: 0, offset: 0, segments: nil)
        return [
            entry("", .directory, mode: 0o755),
            entry("a", empty, mode: 0o4755),
            entry("a/b", .directory, mode: 0o1777),
            entry(name100, empty),
            entry(prefix155 + "/" + name100, empty),
            entry("x/" + String(repeating: "d", count: 98), .directory),
            extended(entry(name100 + "n", empty)),
            extended(entry(prefix155 + "p/" + name100, empty)),
            entry("l", .symbolicLink(Array("/\(name100.dropLast())".utf8))),
            extended(entry("l", .symbolicLink(Array("/\(name100)".utf8)))),
            entry("h", .hardLink(EntryPath("a/b") ?? .root)),
            entry("c", .characterDevice(major: 1, minor: 3)),
            entry("b", .blockDevice(major: 4095, minor: 1_048_575)),
            entry("f", .fifo),
            entry("ids", empty) { ($0.uid, $0.gid) = (2_097_151, 2_097_151) },
            extended(entry("ids", empty) { ($0.uid, $0.gid) = (2_097_152, 4_294_967_294) }),
            extended(
                entry("capable", empty) {
                    $0.attributes = [
                        ExtendedAttribute(name: Array("security.capability".utf8), value: [1, 0, 0, 2, 10])
                    ]
                }),
            extended(entry("late", empty) { $0.modified = Timestamp(seconds: 1 << 33) }),
            entry("b\u{F6}se", empty),
        ]
    }()

    @Test(arguments: cases.indices)
    func whatIsWrittenIsReadAgain(_ index: Int) throws {
        let (entry, blocks) = TarHeaderTests.cases[index]
        let bytes = try header(entry)
        #expect(bytes.count == blocks * 512)
        var target: [UInt8] = []
        if case .hardLink(let path) = entry.kind { target = try header(TarEntry(path: path, kind: .fifo, mode: 0)) }
        var read = Array(try entries(of: target + bytes + TarHeader.end).suffix(1))
        if case .file(let size, _, _) = entry.kind, case .file(let readSize, _, _) = read[0].kind {
            #expect(size == readSize)
            read[0].kind = entry.kind
        }
        #expect(read == [entry])
    }

    @Test func onlyWhatDoesNotFitIsInTheExtendedHeaderInOrder() throws {
        var entry = TarEntry(
            path: path("d/" + String(repeating: "n", count: 200)), kind: .file(size: 1 << 33, offset: 0, segments: nil),
            mode: 0o644, uid: 1 << 30)
        entry.attributes = [ExtendedAttribute(name: Array("user.a".utf8), value: [0, 1])]
        let bytes = try header(entry)
        #expect(bytes[0..<91].elementsEqual(("PaxHeaders/" + String(repeating: "n", count: 80)).utf8))
        let text = String(decoding: bytes[512..<1024].prefix { _ in true }, as: UTF8.self)
        let keys = text.split(separator: "\n").compactMap { line in
            line.split(separator: " ").last?.split(separator: "=").first.map(String.init)
        }
        #expect(keys.prefix(4) == ["SCHILY.xattr.user.a", "path", "size", "uid"])
    }

    @Test func attributeThatArchivesCannotNameIsAnError() {
        var entry = TarEntry(path: path("x"), kind: .fifo, mode: 0)
        entry.attributes = [ExtendedAttribute(name: Array("user.a=b".utf8), value: [])]
        #expect(throws: ArchiveError.self) { _ = try header(entry) }
    }
}
