import Linux

/// The networks of a build: one for each step that runs, prepared ahead for the first, used again by the next.
///
/// Nothing of a step stays in a network: its processes are gone, and with them their sockets; addresses, routes and
/// settings it had no right to change.
actor NetworkPool {
    private let supervisor: Supervisor
    private let hasSlirp: Bool
    private var idle: [SandboxSpec.Network: [Supervisor.Network]] = [:]
    private var prepared: [SandboxSpec.Network: Task<Supervisor.Network, any Error>] = [:]

    init(_ supervisor: Supervisor, hasSlirp: Bool) {
        self.supervisor = supervisor
        self.hasSlirp = hasSlirp
    }

    /// Begins to prepare a network of this kind.
    func prepare(_ kind: SandboxSpec.Network) {
        let kind = kind.own
        guard prepared[kind] == nil, kind == .none || hasSlirp else { return }
        prepared[kind] = Task { [supervisor] in try await supervisor.prepareNetwork(reachingOut: kind == .default) }
    }

    /// A network for one step, to be given back when the step is over.
    func take(_ kind: SandboxSpec.Network) async throws -> Supervisor.Network {
        let kind = kind.own
        guard kind == .none || hasSlirp else {
            throw SandboxError(
                .missingProgram,
                "no slirp4netns on this host, which the default network needs: install the package slirp4netns")
        }
        if let network = idle[kind]?.popLast() { return network }
        if let task = prepared.removeValue(forKey: kind) { return try await task.value }
        return try await supervisor.prepareNetwork(reachingOut: kind == .default)
    }

    /// Takes back a network in which no process is left.
    func giveBack(_ network: Supervisor.Network, _ kind: SandboxSpec.Network) {
        idle[kind.own, default: []].append(network)
    }
}
