import Foundation
import Linux
import SystemPackage

/// A file that only grows, open for appending.
final class AppendingFile: Sendable {
    private let descriptor: OwnedDescriptor
    /// At opening.
    let size: Int64
    /// Whether at opening the last line had no end.
    let endsMidLine: Bool

    init(_ path: FilePath) throws {
        let file = try FileDescriptor.open(
            path, .readWrite, options: [.append, .create, .closeOnExec], permissions: .ownerReadWrite)
        descriptor = OwnedDescriptor(adopting: file.rawValue)
        size = try file.seek(offset: 0, from: .end)
        endsMidLine = try size > 0 && descriptor.read(count: 1, at: size - 1) != [UInt8(ascii: "\n")]
    }

    func append(_ bytes: [UInt8]) throws { try descriptor.write(bytes) }
    func synchronize() throws { try descriptor.synchronize() }
}

enum LogFile {
    /// Up to `count` bytes at `offset`; empty at the end, and of a file that is not there yet.
    static func read(_ path: FilePath, at offset: Int64, count: Int) throws -> [UInt8] {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        } catch Errno.noSuchFileOrDirectory {
            return []
        }
        let descriptor = OwnedDescriptor(adopting: file.rawValue)
        let rest = try file.seek(offset: 0, from: .end) - offset
        guard offset >= 0, rest > 0 else { return [] }
        return try descriptor.read(count: Int(min(rest, Int64(count))), at: offset)
    }

    static func makeFolder(_ path: FilePath) throws {
        try FileManager.default.createDirectory(
            atPath: path.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
}
