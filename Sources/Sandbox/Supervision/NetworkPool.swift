import Linux

/// Networks prepared ahead, so that a step does not wait for one. Each is used by one step.
actor NetworkPool {
    private let supervisor: Supervisor
    private let hasSlirp: Bool
    private var ready: [SandboxSpec.Network: Task<Supervisor.Network, any Error>] = [:]

    init(_ supervisor: Supervisor, hasSlirp: Bool) {
        self.supervisor = supervisor
        self.hasSlirp = hasSlirp
    }

    /// Begins to prepare a network of this kind, if none is prepared.
    func prepare(_ kind: SandboxSpec.Network) {
        guard ready[kind] == nil, kind == .none || hasSlirp else { return }
        ready[kind] = Task { [supervisor] in try await supervisor.prepareNetwork(reachingOut: kind == .default) }
    }

    /// A network for one step; the next is prepared meanwhile.
    func take(_ kind: SandboxSpec.Network) async throws -> Supervisor.Network {
        guard kind == .none || hasSlirp else {
            throw SandboxError(
                .missingProgram,
                "no slirp4netns on this host, which the default network needs: install the package slirp4netns")
        }
        prepare(kind)
        let task = ready.removeValue(forKey: kind)
        prepare(kind)
        guard let task else { return try await supervisor.prepareNetwork(reachingOut: kind == .default) }
        return try await task.value
    }
}
