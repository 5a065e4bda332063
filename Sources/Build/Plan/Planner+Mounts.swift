internal import Dockerfile
internal import OCI
internal import Sandbox
internal import Storage

/// RUN --mount.
extension Planner {
    /// The mounts of a RUN, and the vertices they take files from, which become its inputs from 1 on.
    mutating func mounts(
        of run: RunInstruction, in stage: Stage, _ state: StageState
    ) throws -> (mounts: [RunMount], sources: [VertexID]) {
        var mounts: [RunMount] = []
        var sources: [VertexID] = []
        for option in run.mounts {
            let mount: Mount
            do throws(MountError) {
                mount = try option.mount { [dockerfile] text throws(ExpansionError) in
                    try dockerfile.expander.expand(text, lookup: state.environment.lookup)
                }
            } catch {
                throw PlanError(.error(error.message, at: option.range, hint: error.hint))
            }
            let agents = mounts.count { if case .agent = $0.kind { true } else { false } }
            mounts.append(
                RunMount(
                    target: try target(of: mount, agents, option, state),
                    kind: try kind(of: mount, in: stage, option, state, &sources)))
        }
        return (mounts, sources)
    }

    private func target(of mount: Mount, _ agents: Int, _ option: MountOption, _ state: StageState) throws -> String {
        let given = mount.target ?? ""
        if given.isEmpty {
            switch mount.kind {
            case .secret: return "/run/secrets/\(Self.name(of: mount.id ?? ""))"
            case .ssh: return "/run/buildkit/ssh_agent.\(agents)"
            case .bind, .cache, .tmpfs: break
            }
        }
        var target = state.absolute(given)
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        guard target != "/" else { throw PlanError(.error("nothing can be mounted over `/`", at: option.range)) }
        guard !SandboxSpec.Mount.isKernels(target) else {
            throw PlanError(
                .error("nothing can be mounted on `\(target)`: /proc, /sys and /dev are the kernel's", at: option.range)
            )
        }
        return target
    }

    private mutating func kind(
        of mount: Mount, in stage: Stage, _ option: MountOption, _ state: StageState, _ sources: inout [VertexID]
    ) throws -> RunMount.Kind {
        switch mount.kind {
        case .bind:
            return .bind(try source(of: mount, in: stage, option, state, &sources), isReadOnly: mount.isReadOnly)
        case .cache:
            return .cache(
                RunMount.Cache(
                    namespace: request.buildArguments["BUILDKIT_CACHE_MOUNT_NS"] ?? "",
                    name: mount.id ?? Self.cleaned(mount.target ?? ""), sharing: mount.sharing.ofStore,
                    isReadOnly: mount.isReadOnly, directory: mount.from == nil ? Self.path(of: mount) : "/",
                    seed: mount.from == nil ? nil : try source(of: mount, in: stage, option, state, &sources),
                    mode: mount.mode, uid: mount.uid, gid: mount.gid))
        case .tmpfs:
            // Nothing is what the kernel takes for no bound.
            let size = mount.size.flatMap { $0 == 0 ? nil : UInt64($0) }
            return .tmpfs(size: size, isReadOnly: mount.isReadOnly)
        case .secret:
            return .secret(
                RunMount.Secret(
                    id: mount.id ?? Self.name(of: mount.target ?? ""), environmentVariable: mount.environmentVariable,
                    isFile: mount.environmentVariable == nil || mount.target != nil, isRequired: mount.isRequired,
                    mode: mount.mode ?? 0o400, uid: mount.uid ?? 0, gid: mount.gid ?? 0))
        case .ssh:
            return .agent(
                RunMount.Agent(
                    id: mount.id ?? "default", isRequired: mount.isRequired, mode: mount.mode ?? 0o600,
                    uid: mount.uid ?? 0, gid: mount.gid ?? 0))
        }
    }

    private mutating func source(
        of mount: Mount, in stage: Stage, _ option: MountOption, _ state: StageState, _ sources: inout [VertexID]
    ) throws -> RunMount.Source {
        let path = Self.path(of: mount)
        let origin = try mount.from.map { try source($0, before: stage, allowsNumber: false) } ?? .context(0)
        switch origin {
        case .vertex(let vertex): return .tree(input: Self.input(vertex, of: &sources), path: path)
        case .context(let number):
            // Mounted from a layer of its own: the command sees what the key says, not what becomes of the directory.
            let copy = CopyOperation.taking(
                path, from: .context(number), to: RunMount.filesPath, epoch: state.commandEpoch,
                at: state.triggerRange ?? option.range)
            let vertex = graph.add(.copy(copy), inputs: [graph.add(.scratch, inputs: [], step: nil)], step: nil)
            return .files(input: Self.input(vertex, of: &sources))
        }
    }

    /// The number of `vertex` among the inputs.
    private static func input(_ vertex: VertexID, of sources: inout [VertexID]) -> Int {
        if let index = sources.firstIndex(of: vertex) { return index + 1 }
        sources.append(vertex)
        return sources.count
    }

    /// What it shows of its source.
    private static func path(of mount: Mount) -> String {
        "/" + cleaned("/" + (mount.source ?? "")).drop { $0 == "/" }
    }

    private static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Without empty, `.` and, as far as they lead to something, `..` components.
    private static func cleaned(_ path: String) -> String {
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component != ".." {
                components.append(component)
            } else if let last = components.last, last != ".." {
                components.removeLast()
            } else if !path.hasPrefix("/") {
                components.append(component)
            }
        }
        let joined = components.joined(separator: "/")
        return path.hasPrefix("/") ? "/" + joined : joined.isEmpty ? "." : joined
    }
}

extension Mount.Sharing {
    fileprivate var ofStore: CacheMountSharing {
        switch self {
        case .shared: .shared
        case .private: .private
        case .locked: .locked
        }
    }
}
