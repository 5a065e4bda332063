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
                try FileContents.read(path, limit: 1 << 20), name: path.lastComponent?.string ?? path.string)
        }
        return IgnoreFile([], name: ".dockerignore")
    }
}
