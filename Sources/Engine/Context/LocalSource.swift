import Build
package import Dockerfile
import Linux
package import SystemPackage

/// Where a directory on this machine has its Dockerfile and its ignore file.
package enum LocalSource {
    /// What a Dockerfile is called that nobody names; the first that is there.
    static let usualNames = ["Dockerfile", "dockerfile", "Containerfile"]

    /// `file` starts from the working directory; without it the directory's file of a usual name.
    package static func dockerfile(_ file: String?, in directory: FilePath) -> FilePath {
        if let file { return WorkingDirectory.path.pushing(FilePath(file)).lexicallyNormalized() }
        let usual = usualNames.map { directory.appending($0) }
        return usual.first(where: FileContents.exists) ?? usual[0]
    }

    /// The Dockerfile's own ignore file wins entirely over the directory's.
    package static func ignore(_ dockerfile: FilePath?, in directory: FilePath) throws -> IgnoreFile {
        let own = dockerfile.map { FilePath($0.string + ".dockerignore") }
        for path in [own, directory.appending(".dockerignore")] {
            guard let path, FileContents.exists(path) else { continue }
            return IgnoreFile(
                try read(path, in: directory, limit: 1 << 20), name: path.lastComponent?.string ?? path.string)
        }
        return IgnoreFile([], name: ".dockerignore")
    }

    /// The file at `path`. What the directory holds may be somebody else's: a link of it does not lead out of it, so that
    /// no error shows what is elsewhere on this machine.
    package static func read(_ path: FilePath, in directory: FilePath, limit: Int) throws -> [UInt8] {
        let root = WorkingDirectory.path.pushing(directory).lexicallyNormalized()
        var below = WorkingDirectory.path.pushing(path).lexicallyNormalized()
        guard below.removePrefix(root) else { return try FileContents.read(path, limit: limit) }
        let top = try OwnedDescriptor.open(directory, flags: OpenFlags.directory)
        let file: OwnedDescriptor
        do {
            file = try OwnedDescriptor.open(
                below, below: top.rawValue, resolve: .beneath, flags: OpenFlags.readWithoutWaiting)
        } catch {
            guard error.errno == .improperLink else { throw error }
            throw BuildError.request(
                "`\(path)` is a symbolic link that leads out of `\(directory)`; name the file itself with --file")
        }
        return try FileContents.read(file, named: path.string, limit: limit)
    }
}
