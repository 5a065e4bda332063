/// What devices bring into a container: the `containerEdits` of the Container Device Interface
/// (https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md), as far as they can be carried out here.
package struct DeviceEdits: Hashable, Sendable {
    /// A device node.
    package struct Node: Hashable, Sendable {
        package enum Kind: Hashable, Sendable {
            case character
            case block
        }

        /// Which device it is, where the specification says so itself.
        package struct Number: Hashable, Sendable {
            package let major: UInt32
            package let minor: UInt32
        }

        /// In the container.
        package let path: String
        /// Says which device it is if there is no number.
        package let hostPath: String
        package let kind: Kind?
        package let number: Number?
        /// Anybody may use one without.
        package let mode: UInt16?
        /// Of the container; nil is who runs the command.
        package let uid: UInt32?
        package let gid: UInt32?
        package let access: DeviceAccess
    }

    /// A file or directory of the host.
    package struct Mount: Hashable, Sendable {
        package let hostPath: String
        package let path: String
        package let isReadOnly: Bool
    }

    /// `NAME=value`.
    package var environment: [String] = []
    package var nodes: [Node] = []
    package var mounts: [Mount] = []
    /// More groups of the command.
    package var groups: [UInt32] = []

    package init() {}

    package var isEmpty: Bool { self == DeviceEdits() }

    /// Adds what is not there; of two variables, nodes or mounts for one place the later one counts.
    package mutating func add(_ other: DeviceEdits) {
        environment =
            environment.filter { pair in
                !other.environment.contains { $0.prefix { $0 != "=" } == pair.prefix { $0 != "=" } }
            } + other.environment
        nodes = nodes.filter { node in !other.nodes.contains { $0.path == node.path } } + other.nodes
        mounts = mounts.filter { mount in !other.mounts.contains { $0.path == mount.path } } + other.mounts
        groups += other.groups.filter { !groups.contains($0) }
    }
}

/// What a step may do with a device: a cgroup holds it to that where it is less than reading and writing.
package struct DeviceAccess: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let read = DeviceAccess(rawValue: 1)
    package static let write = DeviceAccess(rawValue: 2)
    /// Another node of it; a step cannot make any, whatever is allowed.
    package static let make = DeviceAccess(rawValue: 4)

    /// Some of the letters `r`, `w`, `m`.
    init?(_ text: String) {
        self = []
        for letter in text.utf8 {
            switch letter {
            case UInt8(ascii: "r"): insert(.read)
            case UInt8(ascii: "w"): insert(.write)
            case UInt8(ascii: "m"): insert(.make)
            default: return nil
            }
        }
    }

    package var letters: String {
        (contains(.read) ? "r" : "") + (contains(.write) ? "w" : "") + (contains(.make) ? "m" : "")
    }
}
