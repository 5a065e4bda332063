import Archive
import Testing

/// Archives that must be refused, each with the words that name what is wrong. Rows of T-xx come from the threat model.
struct HostileTar: CustomTestStringConvertible, Sendable {
    let name: String
    let code: ArchiveError.Code
    /// Part of the message.
    let says: String
    let make: @Sendable (inout TarBytes) -> Void

    var testDescription: String { name }

    init(
        _ name: String, _ code: ArchiveError.Code, _ says: String, _ make: @escaping @Sendable (inout TarBytes) -> Void
    ) {
        self.name = name
        self.code = code
        self.says = says
        self.make = make
    }

    static let names: [HostileTar] =
        ["../x", "a/../../x", "..", "./../x", "a/.."].map { name in
            HostileTar("T-01 \(name)", .unsafe, "`\(name)`") { $0.file(name, "x") }
        } + [
            HostileTar("T-01 extended path", .unsafe, "`../x`") {
                $0.extended([("path", "../x")]); $0.file("x")
            },
            HostileTar("T-01 long name", .unsafe, "`a/../x`") {
                $0.gnuLong("L", "a/../x"); $0.file("x")
            },
            HostileTar("T-08 root as link", .unsafe, "named like a directory") { $0.symbolicLink(".", to: "/") },
            HostileTar("T-08 slash as link", .unsafe, "named like a directory") { $0.symbolicLink("/", to: "/etc") },
            HostileTar("T-08 root as file", .unsafe, "named like a directory") { $0.header("./.") },
            HostileTar("T-08 no name", .unsafe, "named like a directory") { $0.header("") },
            HostileTar("dot as file", .unsafe, "`dir/.`") {
                $0.directory("dir/"); $0.file("dir/.", "x")
            },
            HostileTar("slash after a link", .unsafe, "named like a directory") { $0.symbolicLink("l/", to: "x") },
            HostileTar("directory with content", .unsupported, "`d/`") { $0.file("d/", "x") },
            HostileTar("T-14 component too long", .limit, "longer than a file system allows") {
                $0.extended([("path", String(repeating: "n", count: 256))])
                $0.file("x")
            },
            HostileTar("T-14 path too long", .limit, "longer than a file system allows") {
                $0.extended([("path", String(repeating: "directory/", count: 500) + "x")])
                $0.file("x")
            },
            HostileTar("T-17 zero byte in a path", .unsafe, "zero byte") {
                $0.extended([("path", "a\u{0}b")])
                $0.file("x")
            },
            HostileTar("T-17 path and long name", .unsupported, "both") {
                $0.gnuLong("L", "one")
                $0.extended([("path", "two")])
                $0.file("x")
            },
            HostileTar("T-17 zero byte in a long name", .corrupt, "zero byte") {
                $0.gnuLong("L", "a\u{0}b"); $0.file("x")
            },
            HostileTar("T-16 two long names", .unsupported, "two long names") {
                $0.gnuLong("L", "a")
                $0.gnuLong("L", "b")
                $0.file("x")
            },
            HostileTar("two extended headers", .unsupported, "two extended headers") {
                $0.extended([("path", "a")])
                $0.extended([("path", "b")])
                $0.file("x")
            },
        ]

    static let links: [HostileTar] =
        ["/etc/shadow", "later", "self", "dir"].map { target in
            HostileTar("T-06 hard link to \(target)", .unsafe, "`self`: is a hard link to") {
                $0.directory("dir")
                $0.link("self", to: target)
                $0.file("later")
            }
        } + [
            HostileTar("T-06 hard link out", .unsafe, "`l`: `../../x` leads out") { $0.link("l", to: "../../x") },
            HostileTar("T-06 hard link to the root", .unsafe, "hard link to") { $0.link("l", to: "/") },
            HostileTar("symbolic link to nothing", .limit, "`l`: its target has 0 bytes") {
                $0.symbolicLink("l", to: "")
            },
            HostileTar("symbolic link too long", .limit, "its target has 5000 bytes") {
                $0.extended([("linkpath", String(repeating: "x", count: 5000))])
                $0.symbolicLink("l", to: "x")
            },
        ]

    static let fields: [HostileTar] = [
        HostileTar("T-11 whiteout device", .unsafe, "`d`: is a 0:0 character device") { $0.header("d", type: "3") },
        HostileTar("T-11 major too large", .unsafe, "out of range") {
            $0.header("d", type: "4") { $0.replaceSubrange(329..<336, with: "0010000".utf8) }
        },
        HostileTar("T-12 owner 2^32", .unsafe, "`x`: its owner 4294967296 is out of range") {
            $0.extended([("uid", "4294967296")])
            $0.file("x")
        },
        HostileTar("T-12 owner -1", .unsafe, "out of range") {
            $0.extended([("gid", "4294967295")]); $0.file("x")
        },
        HostileTar("T-12 negative owner", .unsafe, "its owner -2 is out of range") {
            $0.header("x") { $0.replaceSubrange(108..<116, with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]) }
        },
        HostileTar("T-12 owner is text", .corrupt, "its owner is no number") {
            $0.header("x") { $0.replaceSubrange(108..<112, with: "root".utf8) }
        },
        HostileTar("T-15 negative size", .corrupt, "`x`: its size -1 is negative") {
            $0.header("x") { $0.replaceSubrange(124..<136, with: [UInt8](repeating: 0xFF, count: 12)) }
        },
        HostileTar("T-15 size overflows", .corrupt, "larger than any file") {
            $0.extended([("size", "9223372036854775807")])
            $0.file("x")
        },
        HostileTar("T-15 size over 64 bits", .corrupt, "its size is no number") {
            $0.header("x") { $0.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0x7F, count: 11)) }
        },
        HostileTar("T-15 size in words", .corrupt, "no number: `ten`") {
            $0.extended([("size", "ten")]); $0.file("x")
        },
        HostileTar("T-21 time 1e400", .corrupt, "time `1e400`") {
            $0.extended([("mtime", "1e400")]); $0.file("x")
        },
        HostileTar("T-21 time NaN", .corrupt, "time `NaN`") {
            $0.extended([("mtime", "NaN")]); $0.file("x")
        },
        HostileTar("T-21 time too large", .corrupt, "time `99999") {
            $0.extended([("mtime", "99999999999999999999")])
            $0.file("x")
        },
        HostileTar("T-13 attribute too large", .limit, "user.big") {
            $0.extended([("SCHILY.xattr.user.big", String(repeating: "v", count: 65_536))])
            $0.file("x")
        },
        HostileTar("T-13 too many attributes", .limit, "its extended attributes have more than") {
            $0.extended((0..<10_000).map { ("SCHILY.xattr.user.attribute\($0)", "") })
            $0.file("x")
        },
        HostileTar("T-16 huge extended header", .limit, "1073741824 bytes") {
            $0.header("PaxHeaders/x", type: "x", size: 1 << 30)
        },
        HostileTar("T-16 huge long name", .limit, "1048576 bytes") {
            $0.header("././@LongLink", type: "L", size: 1 << 20)
        },
        HostileTar("record without a length", .corrupt, "malformed record") {
            $0.header("PaxHeaders/x", type: "x", size: 8)
            $0.content(Array("path=abc".utf8))
        },
        HostileTar("record longer than its header", .corrupt, "malformed record") {
            $0.header("PaxHeaders/x", type: "x", size: 10)
            $0.content(Array("99 path=a\n".utf8))
        },
        HostileTar("record of length zero", .corrupt, "malformed record") {
            $0.header("PaxHeaders/x", type: "x", size: 6)
            $0.content(Array("0 a=b\n".utf8))
        },
        HostileTar("global path", .unsupported, "global header") {
            $0.extended([("path", "x")], type: "g"); $0.file("y")
        },
        HostileTar("unknown type", .unsupported, "unknown type `M`") { $0.header("x", type: "M") },
    ]

    static let streams: [HostileTar] = [
        HostileTar("T-15 bad checksum", .corrupt, "its checksum does not match") {
            var tar = TarBytes()
            tar.file("x", "content")
            var bytes = tar.bytes
            bytes[0] = UInt8(ascii: "y")
            $0.content(bytes)
        },
        HostileTar("T-15 second archive after the end", .corrupt, "data after its end") {
            $0.file("x")
            $0.end()
            $0.file("y")
        },
        HostileTar("T-15 single zero block", .corrupt, "single zero block") {
            $0.file("x")
            $0.content([0])
            $0.file("y")
        },
        HostileTar("extended header without an entry", .corrupt, "has no entry") { $0.extended([("path", "x")]) },
        HostileTar("no archive", .corrupt, "no tar header at 0 bytes") {
            $0.content(Array("#!/bin/sh\nexit 1\n".utf8))
        },
    ]

    static let sparse: [HostileTar] = [
        HostileTar("T-16 hole of a tebibyte", .limit, "`bomb`") {
            $0.extended([
                ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "bomb"),
                ("GNU.sparse.realsize", "1099511627776"),
            ])
            $0.header("GNUSparseFile/bomb", size: 512)
            $0.content(Array("1\n1099511627776\n0\n".utf8))
        },
        HostileTar("T-16 map of a million pieces", .limit, "pieces") {
            $0.extended([
                ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "bomb"),
                ("GNU.sparse.realsize", "10"),
            ])
            $0.header("GNUSparseFile/bomb", size: 512)
            $0.content(Array("1000000\n".utf8))
        },
        HostileTar("map out of order", .corrupt, "not in order") {
            $0.extended([("GNU.sparse.size", "4096"), ("GNU.sparse.map", "1024,512,0,512")])
            $0.header("x", size: 1024)
            $0.content([UInt8](repeating: 1, count: 1024))
        },
        HostileTar("pieces overlap", .corrupt, "not in order") {
            $0.extended([("GNU.sparse.size", "4096"), ("GNU.sparse.map", "0,512,256,512")])
            $0.header("x", size: 1024)
            $0.content([UInt8](repeating: 1, count: 1024))
        },
        HostileTar("pieces overflow", .corrupt, "not in order") {
            $0.extended([("GNU.sparse.size", "4096"), ("GNU.sparse.map", "9223372036854775807,512")])
            $0.header("x", size: 512)
            $0.content([1])
        },
        HostileTar("pieces end behind the file", .corrupt, "does not match its size") {
            $0.extended([("GNU.sparse.size", "100"), ("GNU.sparse.map", "0,512")])
            $0.header("x", size: 512)
            $0.content([1])
        },
        HostileTar("more pieces than content", .corrupt, "does not match its size") {
            $0.extended([("GNU.sparse.size", "4096"), ("GNU.sparse.map", "0,512,1024,512")])
            $0.header("x", size: 512)
            $0.content([1])
        },
        HostileTar("odd map", .corrupt, "odd count") {
            $0.extended([("GNU.sparse.size", "4096"), ("GNU.sparse.map", "0,512,1024")])
            $0.header("x", size: 512)
            $0.content([1])
        },
        HostileTar("map without end", .corrupt, "map of the sparse file is larger than the file") {
            $0.extended([
                ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "x"),
                ("GNU.sparse.realsize", "0"),
            ])
            $0.header("GNUSparseFile/x", size: 0)
            $0.content(Array("0\n".utf8))
        },
    ]

    static let all = names + links + fields + streams + sparse
}

@Suite struct HostileTarTests {
    @Test(arguments: HostileTar.all)
    func hostileArchiveIsRefusedByName(_ hostile: HostileTar) {
        let bytes = TarBytes.made(hostile.make)
        do {
            let entries = try entries(of: bytes)
            Issue.record("accepted: \(entries)")
        } catch let error as ArchiveError {
            #expect(error.code == hostile.code, "\(error)")
            #expect(error.message.contains(hostile.says), "\(error)")
            #expect(!error.message.contains("\n") && error.message.count < 700)
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func truncationAnywhereIsAnErrorOrTheEndBetweenEntries() throws {
        let whole = TarBytes.made {
            $0.extended([("path", "long/" + String(repeating: "n", count: 200))])
            $0.file("x", "some content")
            $0.gnuLong("L", "another")
            $0.file("y", "more")
        }
        let ends = [0, 4 * 512 /* first entry */, 8 * 512 /* second */, 9 * 512 /* one zero block */, 10 * 512]
        for length in 0...whole.count {
            let isAccepted = (try? entries(of: Array(whole[..<length]))) != nil
            #expect(isAccepted == ends.contains(length), "\(length) bytes")
        }
    }

    @Test func anyFlippedBitInHeadersIsRefusedOrHarmless() throws {
        let whole = TarBytes.made {
            $0.extended([("mtime", "1.5"), ("SCHILY.xattr.user.a", "b")])
            $0.file("x", "some content")
            $0.link("y", to: "x")
        }
        for position in whole.indices {
            var spoiled = whole
            spoiled[position] ^= 1 << UInt8(position % 8)
            // No crash and no hang; what is accepted has the form of a layer.
            for entry in (try? entries(of: spoiled)) ?? [] { #expect(EntryPath(entry.path.bytes) == entry.path) }
        }
    }

    @Test func millionGlobalHeadersAreRefused() throws {
        var one = TarBytes()
        one.extended([("comment", "x")], type: "g")
        var limits = TarLimits()
        limits.entries = 1000
        var reader = TarReader(limits: limits)
        let error = #expect(throws: ArchiveError.self) {
            for _ in 0..<1_000_000 { try reader.feed(one.bytes) }
        }
        #expect(error?.code == .limit)
    }

    @Test func tooManyEntriesAreRefused() {
        var limits = TarLimits()
        limits.entries = 10
        let bytes = TarBytes.made { for index in 0...10 { $0.file("f\(index)") } }
        #expect(throws: ArchiveError.self) { _ = try entries(of: bytes, limits: limits) }
    }
}
