import Foundation
import Glibc
import Linux
import TestServers
import Testing

/// What this host lets the tests do.
enum Requirements {
    static let build = geteuid() == 0 && isInstalled("crun", "busybox")
    static let buildComment: Comment = "needs root, crun and a static busybox"

    static let registry = build && RegistryProcess.isInstalled
    static let registryComment: Comment = "needs root, crun, a static busybox and docker-registry"

    /// What `Tests/Realistic` makes its images of.
    static let examples =
        registry && isInstalled("apt-cache", "dpkg-deb", "gcc", "g++", "make", "mawk")
        && FileManager.default.fileExists(atPath: "/usr/lib/python3.11/ensurepip/__init__.py")
    static let examplesComment: Comment =
        "needs root, crun, busybox, docker-registry, gcc, g++, make, mawk and python3-venv, as Debian packages"

    /// More rounds of the same, as `script/test --full` asks for.
    static let full = ProcessInfo.processInfo.environment["CAISSON_TEST"] == "full"

    static func isInstalled(_ names: String...) -> Bool { names.allSatisfy { Command.locate($0) != nil } }
}
