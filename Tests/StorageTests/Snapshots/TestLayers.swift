import Archive
import Foundation
import Linux
import OCI
import Storage
import SystemPackage

/// A store in a directory of its own, gone with the value.
final class TestStore: Sendable {
    let path: FilePath
    let store: Store

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.path).appending("caisson-\(UUID().uuidString)")
        store = try Store.open(at: path)
        try FileManager.default.createDirectory(atPath: work.string, withIntermediateDirectories: true)
    }

    /// The upper directory of a snapshot may be going on another thread: of two that remove one tree either may fail.
    deinit {
        for _ in 0..<100 where FileManager.default.fileExists(atPath: path.string) {
            try? FileManager.default.removeItem(atPath: path.string)
            usleep(1000)
        }
    }

    var work: FilePath { path.appending("work").appending("tests") }

    var diskUpper: UpperPolicy { UpperPolicy(disk: work) }

    /// Puts an archive into the store as it is.
    func add(_ tar: [UInt8]) throws -> DiffID {
        let id = DiffID(Digest.of(tar))
        try Data(tar).write(to: URL(fileURLWithPath: store.layers.tarPath(of: id).string))
        return id
    }

    func add(_ items: [TestItem]) throws -> DiffID { try add(TestItem.archive(items)) }
}

/// An entry of an archive with its content.
struct TestItem: Sendable {
    var entry: TarEntry
    var content: [UInt8]

    static func file(
        _ path: String, _ content: String = "", mode: UInt16 = 0o644, uid: UInt32 = 0, modified: Int64 = 1000,
        attributes: [String: [UInt8]] = [:]
    ) -> TestItem {
        let bytes = Array(content.utf8)
        return item(
            path, .file(size: Int64(bytes.count), offset: 0, segments: nil), mode, uid, modified, attributes, bytes)
    }

    static func directory(
        _ path: String, mode: UInt16 = 0o755, uid: UInt32 = 0, modified: Int64 = 1000,
        attributes: [String: [UInt8]] = [:]
    ) -> TestItem {
        item(path, .directory, mode, uid, modified, attributes, [])
    }

    static func symlink(_ path: String, _ target: String) -> TestItem {
        item(path, .symbolicLink(Array(target.utf8)), 0o777, 0, 1000, [:], [])
    }

    static func link(_ path: String, to target: String) -> TestItem {
        item(path, .hardLink(EntryPath(unchecked: Array(target.utf8))), 0o644, 0, 1000, [:], [])
    }

    static func node(_ path: String, _ kind: TarEntry.Kind) -> TestItem { item(path, kind, 0o600, 0, 1000, [:], []) }

    static func whiteout(_ path: String) -> TestItem { file(path, mode: 0) }

    private static func item(
        _ path: String, _ kind: TarEntry.Kind, _ mode: UInt16, _ uid: UInt32, _ modified: Int64,
        _ attributes: [String: [UInt8]], _ content: [UInt8]
    ) -> TestItem {
        TestItem(
            entry: TarEntry(
                path: EntryPath(unchecked: Array(path.utf8)), kind: kind, mode: mode, uid: uid, gid: uid,
                modified: Timestamp(seconds: modified),
                attributes: attributes.map { ExtendedAttribute(name: Array($0.key.utf8), value: $0.value) }
                    .sorted { $0.name.lexicographicallyPrecedes($1.name) }),
            content: content)
    }

    static func archive(_ items: [TestItem]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for item in items {
            try TarHeader.append(item.entry, to: &bytes)
            bytes += item.content
            bytes += [UInt8](repeating: 0, count: Int(Tar.padded(Int64(item.content.count))) - item.content.count)
        }
        return bytes + TarHeader.end
    }

    /// The entries as a reader of `archive(_:)` finds them, and the size of that.
    static func entries(_ items: [TestItem]) throws -> (entries: [TarEntry], size: Int64) {
        let bytes = try archive(items)
        var reader = TarReader()
        try reader.feed(bytes)
        try reader.finish()
        return (reader.entries, Int64(bytes.count))
    }
}

/// Runs a program; an exit code other than zero is an error.
@discardableResult
func run(_ program: String, _ arguments: String...) async throws -> String {
    let result = try await Command(FilePath(program), arguments).run()
    guard result.status.isSuccess else {
        throw TestFailure("\(program) \(arguments.joined(separator: " ")): \(result.status) \(result.errorText)")
    }
    return result.outputText
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

enum TestHost {
    /// Mounting needs the kernel's full rights.
    static let isRoot = geteuid() == 0
    static let hasFsck = FileManager.default.isExecutableFile(atPath: "/usr/bin/fsck.erofs")
}
