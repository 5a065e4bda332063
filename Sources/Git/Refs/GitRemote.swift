package import HTTP
import Linux
import Synchronization

/// Repositories on servers, asked for their refs: protocol 2 with ref prefixes over HTTP, so that a poll costs a few
/// hundred bytes however many refs there are; libgit2 in the helper process for ssh, file and git URLs.
package final class GitRemote: Sendable {
    let client: HTTPClient
    let helper: GitHelper
    let trust: GitTrust
    private let refusesLocalAddresses: Bool
    /// Repositories whose server was seen to speak protocol 2: they are asked at once, without a greeting.
    private let greeted = Mutex<[String: ServerCapabilities]>([:])

    /// With `refusesLocalAddresses` no http repository is looked for on this machine or its link: for URLs that
    /// strangers write.
    package init(
        client: HTTPClient, helper: GitHelper, trust: GitTrust = GitTrust(), refusesLocalAddresses: Bool = false
    ) {
        self.refusesLocalAddresses = refusesLocalAddresses
        self.client = client
        self.helper = helper
        self.trust = trust
    }

    /// The refs that start with one of `prefixes` (all, if there are none), annotated tags as the commits they name.
    /// `credentials` must be those of `url.origin`.
    package func refs(
        of url: GitURL, prefixes: [String] = [], credentials: GitCredentials? = nil, timeout: Duration = .seconds(30)
    ) async throws -> [RefName: CommitID] {
        try await advertisement(of: url, prefixes: prefixes, credentials: credentials, timeout: timeout).refs
    }

    /// The same with what else the server says. The default branch is known only if `prefixes` cover `HEAD`.
    package func advertisement(
        of url: GitURL, prefixes: [String] = [], credentials: GitCredentials? = nil, timeout: Duration = .seconds(30)
    ) async throws -> RefAdvertisement {
        guard url.scheme.isHTTP else {
            let reply = try await helper.limited(to: timeout).run(
                .refs(HelperRequest.Remote(url: url, credentials: credentials, trust: trust)))
            var advertisement = RefAdvertisement(prefixes: prefixes)
            advertisement.defaultBranch = reply.head
            for (name, id) in reply.refs { try advertisement.record(name, id) }
            return advertisement
        }
        let server = smartHTTP(url, credentials, timeout)
        if capabilities(of: url)?.canListRefs == true {
            do {
                return try await server.listRefs(prefixes: prefixes)
            } catch let error as GitError where error.code == .protocolViolation {
                // The server may have been replaced by one that speaks less.
                remember(nil, of: url)
            }
        }
        switch try await server.greet(prefixes: prefixes) {
        case .refs(let advertisement): return advertisement
        case .version2(let capabilities):
            guard capabilities.canListRefs else {
                throw GitError(.protocolViolation, "\(url) speaks protocol 2 and cannot list refs")
            }
            guard capabilities.objectFormat == "sha1" else { throw GitError.otherHash(of: url) }
            remember(capabilities, of: url)
            return try await server.listRefs(prefixes: prefixes)
        }
    }

    func smartHTTP(_ url: GitURL, _ credentials: GitCredentials?, _ timeout: Duration) -> SmartHTTP {
        SmartHTTP(
            client: client, url: url, credentials: credentials, trust: trust, timeout: timeout,
            refusesLocalAddresses: refusesLocalAddresses)
    }

    func capabilities(of url: GitURL) -> ServerCapabilities? { greeted.withLock { $0[url.transportText] } }

    func remember(_ capabilities: ServerCapabilities?, of url: GitURL) {
        greeted.withLock { $0[url.transportText] = capabilities }
    }
}
