import Hummingbird
import NIOCore

/// What the API knows of a request besides the request: who is at the other end.
struct AgentRequestContext: RequestContext {
    enum Peer {
        /// The same machine, through the unix socket or loopback.
        case local
        case remote
    }

    var coreContext: CoreRequestContextStorage
    let peer: Peer

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = Peer(source.channel)
    }

    /// The one body that is read names a pipeline and a ref.
    var maxUploadSize: Int { 16 * 1024 }
}

extension AgentRequestContext.Peer {
    fileprivate init(_ channel: any Channel) {
        guard case .unixDomainSocket? = channel.localAddress else {
            let address = channel.remoteAddress?.ipAddress ?? ""
            self = address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.") ? .local : .remote
            return
        }
        self = .local
    }
}
