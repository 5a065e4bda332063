package import Dockerfile
import Linux
package import SystemPackage

/// Where a directory on this machine has its Dockerfile and its ignore file.
package enum LocalSource {
    /// `file` starts from the working directory; without it the directory's `Dockerfile`, or `dockerfile`.
    package static func dockerfile(_ file: String?, in directory: FilePath) -> FilePath {
        if let file { return WorkingDirectory.path.pushing(FilePath(file)).lexicallyNormalized() }
        let usual = directory.appending("Dockerfile")
        let lower = directory.appending("dockerfile")
        return !FileContents.exists(usual) && FileContents.exists(lower) ? lower : usual
    }

    /// The Dockerfile's own ignore file wins entirely over the directory's.
    package static func ignore(_ dockerfile: FilePath?, in directory: FilePath) throws -> IgnoreFile {
        let own = dockerfile.map { FilePath($0.string + ".dockerignore") }
        for path in [own, directory.appending(".dockerignore")] {
            guard let path, FileContents.exists(path) else { continue }
            return IgnoreFile(
                try FileContents.read(path, limit: 1 << 20), name: path.lastComponent?.string ?? path.string)
        }
        return IgnoreFile([], name: ".dockerignore")
    }
}
