package import Linux
import SystemPackage

extension SandboxSpec {
    /// A program that only the step sees: it lies in a file system in memory that is no part of the root.
    package struct File: Hashable, Sendable {
        /// One component of a path.
        package var name: String
        package var contents: [UInt8]

        package init(name: String, contents: [UInt8]) {
            self.name = name
            self.contents = contents
        }

        /// Where the step finds it.
        package var path: String { "/dev/pipes/\(name)" }
    }

    /// Something more to see in the root. No mount follows links out of the root, none has set-id programs, and none has
    /// devices but those that are mounted as such.
    package struct Mount: Sendable {
        package enum Source: Sendable {
            /// A detached mount (`DetachedMount`) of a directory or a file; used up by the step.
            case bind(SharedDescriptor, isReadOnly: Bool)
            /// An empty file system in memory.
            case tmpfs(size: UInt64, mode: UInt16, isReadOnly: Bool = false)
            /// A detached mount of a device node, used up by the step, which may do that much with it.
            case device(SharedDescriptor, DeviceAccess)

            /// What is mounted, if it is there before the step.
            var descriptor: SharedDescriptor? {
                switch self {
                case .bind(let descriptor, _), .device(let descriptor, _): descriptor
                case .tmpfs: nil
                }
            }
        }

        package var source: Source
        /// An absolute path of the same kind as the source. It exists in the root (`MountPoint` in Storage makes it exist
        /// without a trace in a layer), or lies below another mount: in one that can be written to, the runtime makes
        /// what is missing, and it stays there. Also `/dev/shm` and paths below it, and for a device any path below
        /// `/dev`. Mounts are given in any order.
        package var target: String

        package init(_ source: Source, at target: String) {
            self.source = source
            self.target = target
        }

        /// Whether no file or directory can be mounted on the absolute path `target`, whatever the root has there.
        package static func isKernels(_ target: String) -> Bool {
            let components = FilePath(target).lexicallyNormalized().components.map(\.string)
            switch components.first {
            case "proc", "sys": return true
            case "dev": return components.dropFirst().first != "shm"
            default: return false
            }
        }
    }
}
