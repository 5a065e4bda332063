import Linux
import Storage

/// What one build lends its commands and takes back at its end.
actor RunLoans {
    private let secrets: BuildSecrets
    private let renewsCaches: Bool
    /// Under which caches are kept: none of another scope is ever mounted.
    nonisolated let cacheScope: String?
    private var renewed: Set<CacheMountID> = []
    private var agents: [String: Task<PrivateSSHAgent, any Error>] = [:]
    private var namespace: (ids: IDMapping, descriptor: SharedDescriptor)?

    /// `renewsCaches` makes caches start anew whose mounts say what they begin with.
    init(_ secrets: BuildSecrets, renewsCaches: Bool, cacheScope: String?) {
        self.secrets = secrets
        self.renewsCaches = renewsCaches
        self.cacheScope = cacheScope
    }

    /// nil for a secret that is neither given nor required.
    nonisolated func secret(_ secret: RunMount.Secret) throws(RunMountError) -> Secret? {
        if let value = secrets.secrets[secret.id] { return value }
        guard secret.isRequired else { return nil }
        throw secrets.missing(secret: secret.id)
    }

    /// What output of these mounts' step must not show.
    nonisolated func values(of mounts: [RunMount]) -> [Secret] {
        mounts.compactMap { if case .secret(let secret) = $0.kind { secrets.secrets[secret.id] } else { nil } }
    }

    /// A socket for one step; nil for keys that are neither given nor required.
    func socket(_ agent: RunMount.Agent, _ ids: IDMapping) async throws -> AgentSocket? {
        guard let keys = secrets.keys[agent.id] else {
            guard agent.isRequired else { return nil }
            throw secrets.missing(keys: agent.id)
        }
        guard let uid = ids.outside(agent.uid), let gid = ids.outside(agent.gid) else {
            throw RunMountError("the socket of an agent cannot belong to \(agent.uid):\(agent.gid)")
        }
        let target: AgentSocket.Target
        switch keys {
        case .agent(let path): target = .host(path)
        case .files(let files):
            let start = agents[agent.id] ?? Task { try await PrivateSSHAgent.start(files, id: agent.id) }
            agents[agent.id] = start
            target = .own(try await start.value)
        }
        return try AgentSocket(to: target, mode: agent.mode, uid: uid, gid: gid)
    }

    /// Whether the cache starts anew: once in a build.
    func renews(_ id: CacheMountID) -> Bool {
        guard renewsCaches, id.mode != nil || id.uid != nil || id.gid != nil else { return false }
        return renewed.insert(id).inserted
    }

    /// Shifts ids of caches into those of the build.
    func namespace(_ ids: IDMapping) throws -> SharedDescriptor {
        if let namespace, namespace.ids == ids { return namespace.descriptor }
        let descriptor = SharedDescriptor(try UserNamespace(ids).release())
        namespace = (ids, descriptor)
        return descriptor
    }

    /// Ends the agents that were started.
    func end() async {
        for start in agents.values { (try? await start.value)?.stop() }
        agents = [:]
    }
}
