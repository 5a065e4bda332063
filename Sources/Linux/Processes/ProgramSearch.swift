import Glibc
package import SystemPackage

extension Command {
    /// Where the system keeps programs. Fixed, so that nobody's `PATH` decides what runs with our rights.
    package static let programDirectories: [FilePath] = [
        "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin",
    ]

    /// The first executable file of that name in `programDirectories`.
    package static func locate(_ name: String) -> FilePath? {
        programDirectories.lazy.map { $0.appending(name) }.first { path in
            path.withPlatformString { access($0, X_OK) == 0 }
        }
    }
}
