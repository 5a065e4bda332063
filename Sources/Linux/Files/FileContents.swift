import Glibc
package import SystemPackage

/// Whole small files.
package enum FileContents {
    /// The bytes of `path`; more than `limit` of them are an error (`EFBIG`).
    package static func read(_ path: FilePath, limit: Int) throws(SystemError) -> [UInt8] {
        try read(try OwnedDescriptor.open(path), named: path.string, limit: limit)
    }

    /// The rest of an open file or stream.
    package static func read(
        _ descriptor: borrowing OwnedDescriptor, named name: String, limit: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count: Int
            do { count = try descriptor.readNext(into: &chunk) } catch {
                throw SystemError("read", name, errno: error.errno)
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw SystemError("read", name, errno: .fileTooLarge) }
        }
    }

    /// Replaces `path`'s content, or makes it.
    package static func write(_ bytes: [UInt8], to path: FilePath) throws(SystemError) {
        try OwnedDescriptor.open(path, flags: OpenFlags.replace).write(bytes)
    }

    package static func exists(_ path: FilePath) -> Bool { path.withPlatformString { access($0, F_OK) == 0 } }

    /// What stands at `path`, behind any links; nil if nothing can be seen there.
    package static func kind(of path: FilePath) -> FileStatus.Kind? {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else { return nil }
        return FileStatus(status).kind
    }

    /// Gives `path` what `body` writes, at once and only if `body` succeeds. A device, a pipe or the like is written to as
    /// it stands.
    package static func replace(
        _ path: FilePath, mode: UInt32 = 0o644, _ body: (SharedDescriptor) async throws -> Void
    ) async throws {
        if isStream(path) { return try await body(SharedDescriptor(try OwnedDescriptor.open(path, flags: O_WRONLY))) }
        let pending = FilePath(path.string + ".\(getpid()).part")
        let file = SharedDescriptor(try OwnedDescriptor.open(pending, flags: OpenFlags.replace, mode: mode))
        do {
            try await body(file)
            try check("create", path.string) { rename(pending.string, path.string) }
        } catch {
            unlink(pending.string)
            throw error
        }
    }

    /// What is neither a file nor a directory, behind any links.
    private static func isStream(_ path: FilePath) -> Bool {
        kind(of: path).map { $0 != .file && $0 != .directory } ?? false
    }
}
