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
    /// Why there are none, for who needs one; nil where the command line can give them.
    package var refusal: String?

    package init(secrets: [String: Secret] = [:], keys: [String: SSHKeys] = [:], refusal: String? = nil) {
        self.secrets = secrets
        self.keys = keys
        self.refusal = refusal
    }

    func missing(secret id: String) -> RunMountError {
        missing("secret `\(id)`", "give it with --secret id=\(id),src=FILE")
    }

    func missing(keys id: String) -> RunMountError {
        missing(
            "the keys `\(id)` for ssh",
            id == "default" ? "give them with --ssh default" : "give them with --ssh \(id)=SOCKET or \(id)=KEY")
    }

    private func missing(_ what: String, _ remedy: String) -> RunMountError {
        if let refusal { return RunMountError("\(what): not found: \(refusal)") }
        return RunMountError("\(what): not found", hint: remedy)
    }
}
