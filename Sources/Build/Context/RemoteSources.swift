/// Gets what ADD names by a URL. Building knows neither HTTP nor git: whoever asks for a build brings them.
package protocol RemoteSources: Sendable {
    /// Contacts nobody: the context does when it is first read. Throws `RemoteSourceError` for a request that can only
    /// fail.
    func files(of request: RemoteRequest) throws -> RemoteFiles
}

/// What an ADD asks of a server, every word expanded.
package struct RemoteRequest: Hashable, Sendable {
    /// A URL or a repository.
    package let source: String
    /// `sha256:…` of a file, the first digits of a commit's id.
    package let checksum: String?
    package let keepsGitDirectory: Bool

    package init(source: String, checksum: String? = nil, keepsGitDirectory: Bool = false) {
        self.source = source
        self.checksum = checksum
        self.keepsGitDirectory = keepsGitDirectory
    }
}

/// What there is to copy.
package struct RemoteFiles: Sendable {
    package let context: any BuildContext
    /// The file's name in the context; nil if all of the context is meant.
    package let name: String?
    /// The source as people may see it: without credentials.
    package let title: String

    package init(context: any BuildContext, name: String?, title: String) {
        self.context = context
        self.name = name
        self.title = title
    }
}

/// Why something cannot be had from its server.
package struct RemoteSourceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Without credentials.
    package let message: String
    package let hint: String?
    /// The network or the server failed: the same build may succeed later.
    package let isInfrastructure: Bool

    package init(_ message: String, hint: String? = nil, isInfrastructure: Bool = false) {
        self.message = message
        self.hint = hint
        self.isInfrastructure = isInfrastructure
    }

    package var description: String { message }
}
