import Archive
import Testing

@Suite struct TarReaderTests {
    @Test func offsetsAreAbsoluteWhateverTheChunks() throws {
        let bytes = TarBytes.made {
            $0.directory("d/")
            $0.file("d/one", "first content")
            $0.extended([("path", "d/two")])
            $0.file("ignored", String(repeating: "x", count: 1500))
            $0.symbolicLink("d/link", to: "../..")
            $0.link("d/hard", to: "./d//one")
        }
        let whole = try entries(of: bytes)
        #expect(whole.map(\.path.description) == ["d", "d/one", "d/two", "d/link", "d/hard"])
        for chunk in [1, 7, 511, 512, 513, 4096] {
            var reader = TarReader()
            for start in stride(from: 0, to: bytes.count, by: chunk) {
                try reader.feed(Array(bytes[start..<min(start + chunk, bytes.count)]))
            }
            try reader.finish()
            #expect(reader.entries == whole)
        }
        guard case .file(let size, let offset, nil) = whole[1].kind else { return #expect(Bool(false)) }
        #expect(bytes[Int(offset)..<Int(offset + size)].elementsEqual("first content".utf8))
        #expect(whole[4].kind == .hardLink(EntryPath("d/one")!))
    }

    @Test func absoluteNamesLandInTheRoot() throws {
        let bytes = TarBytes.made {
            $0.file("/etc/passwd")
            $0.file("//etc//shadow")
            $0.file("./././x")
            $0.link("/hard", to: "/etc/passwd")
            $0.directory("./")
        }
        #expect(try entries(of: bytes).map(\.path.description) == ["etc/passwd", "etc/shadow", "x", "hard", ""])
    }

    @Test func namesAreBytes() throws {
        for name in [
            [0xFF, 0xFE] as [UInt8], Array("e\u{301}".utf8), Array("\u{E9}".utf8), Array("a\nb\tc\"`".utf8), [1],
        ] {
            var tar = TarBytes()
            tar.header("") { $0.replaceSubrange(0..<name.count, with: name) }
            #expect(try entries(of: tar.bytes).map(\.path.bytes) == [name])
        }
    }

    @Test func everyEntryOfANameIsThere() throws {
        let bytes = TarBytes.made {
            $0.file("a", "1")
            $0.directory("a")
            $0.file("a", "2")
            $0.file(".wh.b")
        }
        #expect(try entries(of: bytes).map(\.path.description) == ["a", "a", "a", ".wh.b"])
    }

    @Test(
        arguments: [
            ("1", 1, 0), ("1.5", 1, 500_000_000), ("-1", -1, 0), ("-1.25", -2, 750_000_000),
            ("0.0000000019", 0, 1), ("7952342400.000000001", 7_952_342_400, 1), ("2.", 2, 0),
        ] as [(String, Int64, UInt32)])
    func timesAreRead(_ text: String, _ seconds: Int64, _ nanoseconds: UInt32) throws {
        let bytes = TarBytes.made {
            $0.extended([("mtime", text)]); $0.file("x")
        }
        #expect(try entries(of: bytes)[0].modified == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test func binaryNumbersAreRead() throws {
        let bytes = TarBytes.made {
            $0.header("x") {
                $0.replaceSubrange(108..<116, with: [0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFE])
                $0.replaceSubrange(136..<148, with: [UInt8](repeating: 0xFF, count: 11) + [0xFE])
            }
        }
        let entry = try entries(of: bytes)[0]
        #expect(entry.uid == 4_294_967_294)
        #expect(entry.modified.seconds == -2)
    }

    @Test func attributesOfOverlayfsNeverComeFromAnArchive() throws {
        let bytes = TarBytes.made {
            $0.extended([
                ("SCHILY.xattr.user.z", "1"), ("SCHILY.xattr.trusted.overlay.redirect", "/x"),
                ("SCHILY.xattr.user.overlay.opaque", "y"), ("SCHILY.xattr.security.selinux", "label"),
                ("SCHILY.xattr.trusted.other", "y"), ("SCHILY.xattr.user.empty", ""), ("SCHILY.xattr.user.a", "x=y\nz"),
            ])
            $0.file("x")
        }
        let attributes = try entries(of: bytes)[0].attributes
        #expect(attributes.map { String(decoding: $0.name, as: UTF8.self) } == ["user.a", "user.empty", "user.z"])
        #expect(attributes[0].value.elementsEqual("x=y\nz".utf8))
    }

    @Test func globalHeadersHoldForWhatFollows() throws {
        let bytes = TarBytes.made {
            $0.file("before")
            $0.extended([("uid", "7"), ("mtime", "9"), ("comment", "made by hand")], type: "g")
            $0.file("after")
            $0.extended([("uid", "8")])
            $0.file("own")
        }
        #expect(try entries(of: bytes).map(\.uid) == [0, 7, 8])
        #expect(try entries(of: bytes).map(\.modified.seconds) == [0, 9, 9])
    }

    @Test(arguments: ["0.0", "0.1", "1.0", "GNU"])
    func sparseFilesAreReadInAllForms(_ form: String) throws {
        let stored = [UInt8](repeating: 7, count: 1024)
        let bytes = TarBytes.made { tar in
            switch form {
            case "0.0":
                tar.extended([
                    ("GNU.sparse.size", "8192"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.offset", "512"),
                    ("GNU.sparse.numbytes", "512"), ("GNU.sparse.offset", "4096"), ("GNU.sparse.numbytes", "512"),
                    ("GNU.sparse.offset", "8192"), ("GNU.sparse.numbytes", "0"),
                ])
                tar.header("s", size: 1024)
            case "0.1":
                tar.extended([
                    ("GNU.sparse.name", "s"), ("GNU.sparse.size", "8192"),
                    ("GNU.sparse.map", "512,512,4096,512,8192,0"),
                ])
                tar.header("GNUSparseFile.1/s", size: 1024)
            case "1.0":
                tar.extended([
                    ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "s"),
                    ("GNU.sparse.realsize", "8192"),
                ])
                tar.header("GNUSparseFile.1/s", size: 1536)
                tar.content(Array("3\n512\n512\n4096\n512\n8192\n0\n".utf8))
            default:
                tar.header("s", type: "S", size: 1024) { block in
                    func put(_ value: Int, at offset: Int) {
                        block.replaceSubrange(offset..<offset + 11, with: TarBytes.octal(value, digits: 11).utf8)
                    }
                    block.replaceSubrange(257..<265, with: "ustar  \u{0}".utf8)
                    put(512, at: 386)
                    put(512, at: 398)
                    put(8192, at: 483)
                    block[482] = 1
                }
                var more = [UInt8](repeating: 0, count: 512)
                more.replaceSubrange(0..<11, with: TarBytes.octal(4096, digits: 11).utf8)
                more.replaceSubrange(12..<23, with: TarBytes.octal(512, digits: 11).utf8)
                tar.content(more)
            }
            tar.content(stored)
            tar.file("after", "x")
        }
        let entries = try entries(of: bytes)
        #expect(entries.map(\.path.description) == ["s", "after"])
        guard case .file(8192, _, let segments?) = entries[0].kind else { return #expect(Bool(false), "\(entries)") }
        #expect(segments.map(\.offset) == [512, 4096])
        #expect(segments.map(\.length) == [512, 512])
        #expect(segments.allSatisfy { bytes[Int($0.storedAt)] == 7 && bytes[Int($0.storedAt) + 511] == 7 })
    }

    @Test func emptyStreamIsAnEmptyArchive() throws {
        #expect(try entries(of: []).isEmpty)
        #expect(try entries(of: [UInt8](repeating: 0, count: 10_240)).isEmpty)
    }
}
