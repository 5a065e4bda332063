import Glibc
package import SystemPackage

/// Where the process was started.
package enum WorkingDirectory {
    package static var path: FilePath {
        guard let buffer = getcwd(nil, 0) else { return "/" }
        defer { free(buffer) }
        return FilePath(platformString: buffer)
    }
}
