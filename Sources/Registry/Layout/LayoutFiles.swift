import Glibc
import Linux
import OCI
import SystemPackage

/// The files of an image layout, reached by descriptor so that no link in the directory leads out of it. Calls block.
final class LayoutFiles: Sendable {
    private let root: OwnedDescriptor
    private let blobs: OwnedDescriptor
    private static let beneath: OwnedDescriptor.Resolution = [.beneath, .noSymbolicLinks]

    init(_ path: FilePath, creating: Bool) throws {
        if creating { try Self.makeDirectory(path.string, at: AT_FDCWD) }
        let root = try OwnedDescriptor.open(path, flags: O_RDONLY | O_DIRECTORY)
        if creating {
            try Self.makeDirectory("blobs", at: root.rawValue)
            let parent = try OwnedDescriptor.open(
                "blobs", below: root.rawValue, resolve: Self.beneath, flags: O_DIRECTORY)
            try Self.makeDirectory("sha256", at: parent.rawValue)
        }
        blobs = try OwnedDescriptor.open(
            "blobs/sha256", below: root.rawValue, resolve: Self.beneath, flags: O_DIRECTORY)
        self.root = root
    }

    func exists(_ name: String) throws -> Bool { try Self.exists(name, in: root.rawValue) }

    func read(_ name: String, limit: Int) throws -> [UInt8] {
        try FileContents.read(try Self.openFile(name, in: root.rawValue), named: name, limit: limit)
    }

    /// Replaces a file of the layout's root at once.
    func write(_ bytes: [UInt8], as name: String) throws {
        let pending = try PendingFile(in: root)
        try pending.write(bytes)
        try pending.publish(as: name)
    }

    /// nil if there is no such blob, or one of another size.
    func openBlob(_ digest: Digest, size: Int64) throws -> SharedDescriptor? {
        guard let file = try openBlob(digest), try FileStatus.of(file.rawValue).size == size else { return nil }
        return file
    }

    func readBlob(_ digest: Digest, limit: Int) throws -> [UInt8]? {
        guard try Self.exists(digest.hex, in: blobs.rawValue) else { return nil }
        return try FileContents.read(
            try Self.openFile(digest.hex, in: blobs.rawValue), named: digest.description, limit: limit)
    }

    private func openBlob(_ digest: Digest) throws -> SharedDescriptor? {
        guard try Self.exists(digest.hex, in: blobs.rawValue) else { return nil }
        return SharedDescriptor(try Self.openFile(digest.hex, in: blobs.rawValue))
    }

    /// With them goes what writers left that died on the way.
    func removeBlobs(where isUnwanted: (Digest) -> Bool) throws {
        try Self.removeFiles(in: blobs.rawValue) { Digest(hex: $0).map(isUnwanted) ?? PendingFile.isOne($0) }
        try Self.removeFiles(in: root.rawValue, where: PendingFile.isOne)
    }

    private static func removeFiles(in directory: CInt, where isUnwanted: (String) -> Bool) throws {
        for bytes in try DirectoryListing.names(in: directory) {
            let name = String(decoding: bytes, as: UTF8.self)
            if isUnwanted(name) { try check("remove", name) { unlinkat(directory, name, 0) } }
        }
    }

    /// False if someone else has locked the layout; otherwise nobody can until these files go. What is locked is the
    /// directory, so that nothing is added to it. Some file systems lock no directories: there nobody has.
    func lock() throws(SystemError) -> Bool {
        let raw = root.rawValue
        do throws(SystemError) {
            try check("lock", "the layout") { flock(raw, LOCK_EX | LOCK_NB) }
        } catch {
            if error.errno == .wouldBlock { return false }
            guard [.badFileDescriptor, .noLocks, .notSupported].contains(error.errno) else { throw error }
        }
        return true
    }

    /// Closing is not enough: a child that has not reached exec yet holds the same open directory.
    deinit { flock(root.rawValue, LOCK_UN) }

    func beginBlob() throws -> PendingBlob { PendingBlob(try PendingFile(in: blobs)) }

    /// Regular files only: opening anything else may block or do things.
    private static func openFile(_ name: String, in directory: CInt) throws(SystemError) -> OwnedDescriptor {
        let file = try OwnedDescriptor.open(
            FilePath(name), below: directory, resolve: beneath, flags: O_RDONLY | O_NONBLOCK)
        guard try FileStatus.of(file.rawValue).kind == .file else {
            throw SystemError("read what is no regular file", name, errno: .invalidArgument)
        }
        return file
    }

    private static func exists(_ name: String, in directory: CInt) throws -> Bool {
        do throws(SystemError) {
            _ = try FileStatus.of(Array(name.utf8), in: directory)
            return true
        } catch  where error.errno == .noSuchFileOrDirectory { return false }
    }

    private static func makeDirectory(_ name: String, at directory: CInt) throws(SystemError) {
        do throws(SystemError) {
            try check("create directory", name) { mkdirat(directory, name, 0o777) }
        } catch  where error.errno == .fileExists {}
    }
}

/// A file that appears under its name only when it is complete and durable; without `publish` nothing is left of it.
final class PendingFile: Sendable {
    private let directory: OwnedDescriptor
    private let file: OwnedDescriptor
    private let name: String

    private static let prefix = ".pending-"

    static func isOne(_ name: String) -> Bool { name.hasPrefix(prefix) }

    init(in directory: borrowing OwnedDescriptor) throws(SystemError) {
        self.directory = try directory.duplicate()
        name = Self.prefix + String(UInt64.random(in: 0 ... .max), radix: 36)
        file = try OwnedDescriptor.open(
            FilePath(name), at: directory.rawValue, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    }

    /// After `publish` there is nothing of this name to remove.
    deinit { unlinkat(directory.rawValue, name, 0) }

    func write(_ bytes: [UInt8]) throws(SystemError) { try file.write(bytes) }

    func publish(as final: String) throws(SystemError) {
        try file.synchronize()
        let raw = directory.rawValue
        try check("rename a temporary file to", final) { renameat(raw, name, raw, final) }
        try directory.synchronize()
    }
}

/// A blob being written, hashed on the way.
final class PendingBlob {
    private let file: PendingFile
    private var hasher = SHA256Hasher()
    private(set) var size: Int64 = 0

    init(_ file: PendingFile) { self.file = file }

    func write(_ bytes: [UInt8]) throws(SystemError) {
        hasher.update(bytes)
        size += Int64(bytes.count)
        try file.write(bytes)
    }

    /// Throws if the content is not what `descriptor` promises.
    func publish(as descriptor: Descriptor) throws {
        guard size == descriptor.size else {
            throw OCIError(
                .contentMismatch,
                "blob `\(descriptor.digest)` has \(size) bytes or more, expected \(descriptor.size)"
            )
        }
        let digest = hasher.finish()
        guard digest == descriptor.digest else {
            throw OCIError(.contentMismatch, "blob `\(descriptor.digest)` has the digest \(digest)")
        }
        try file.publish(as: digest.hex)
    }
}
