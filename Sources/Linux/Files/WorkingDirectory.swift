import Glibc
package import SystemPackage

/// Where the process was started.
package enum WorkingDirectory {
    package static var path: FilePath {
        guard let buffer = getcwd(nil, 0) else { return "/" }
        defer { free(buffer) }
        return FilePath(platformString: buffer)
    }

    /// The absolute path, without links, of what exists at `path`, which may be relative to here.
    package static func resolve(_ path: FilePath) throws(SystemError) -> FilePath {
        guard let buffer = path.withPlatformString({ realpath($0, nil) }) else {
            throw SystemError("resolve", path.string)
        }
        defer { free(buffer) }
        return FilePath(platformString: buffer)
    }
}
