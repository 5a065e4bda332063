import Glibc
import Linux
package import SystemPackage

/// A directory of one process for what running steps write, `<data>/work/<name>`. It goes when this goes; what a killed
/// process left is swept when the next area is made.
package final class WorkArea: Sendable {
    package let path: FilePath
    private let lock: FileLock
    private let lockPath: FilePath

    package init(in store: Store) throws {
        let parent = store.root.appending("work")
        try Self.sweep(parent)
        let name = "\(getpid())-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        path = parent.appending(name)
        lockPath = parent.appending(name + ".lock")
        // A sweep may run at any time, in any process.
        lock = try FileLock.make(lockPath)
        try check("create the directory", path.string) { [path] in mkdir(path.string, 0o700) }
    }

    deinit {
        // What cannot be removed now is swept later.
        try? FileRemoval.removeAll(path)
        unlink(lockPath.string)
    }

    private static func sweep(_ parent: FilePath) throws {
        let directory = try OwnedDescriptor.open(parent, flags: O_RDONLY | O_DIRECTORY)
        for bytes in try DirectoryListing.names(in: directory.rawValue) {
            let name = String(decoding: bytes, as: UTF8.self)
            guard name.hasSuffix(".lock") else { continue }
            guard let lock = try FileLock.take(parent.appending(name), .exclusive) else { continue }
            try FileRemoval.removeAll(parent.appending(String(name.dropLast(5))))
            unlink(parent.appending(name).string)
            withExtendedLifetime(lock) {}
        }
    }
}
