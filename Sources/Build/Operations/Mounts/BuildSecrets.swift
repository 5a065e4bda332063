package import SystemPackage

/// Bytes that no message, log or record shows. They are kept in memory alone.
package struct Secret: Sendable, CustomStringConvertible, CustomReflectable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var description: String { "****" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where the keys of a `--ssh` are.
package enum SSHKeys: Hashable, Sendable {
    /// An agent that listens at this socket.
    case agent(FilePath)
    /// Files, for an agent of the build's own.
    case files([FilePath])
}

/// What a build lends to its commands and keeps nowhere, by the ids of mounts.
package struct BuildSecrets: Sendable {
    package var secrets: [String: Secret]
    package var keys: [String: SSHKeys]
    /// What to tell who needs one that is missing; nil names the options of the command line.
    package var remedy: String?

    package init(secrets: [String: Secret] = [:], keys: [String: SSHKeys] = [:], remedy: String? = nil) {
        self.secrets = secrets
        self.keys = keys
        self.remedy = remedy
    }

    func remedy(forSecret id: String) -> String { remedy ?? "give it with --secret id=\(id),src=FILE" }

    func remedy(forKeys id: String) -> String {
        remedy ?? (id == "default" ? "give it with --ssh default" : "give it with --ssh \(id)=SOCKET or \(id)=KEY")
    }
}
