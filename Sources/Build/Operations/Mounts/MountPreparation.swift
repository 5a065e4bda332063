import Linux
import OCI
import Sandbox
import Storage
import SystemPackage

/// Makes the mounts of a step: snapshots of what they show, caches that are free, secrets in memory.
struct MountPreparation {
    let mounts: [RunMount]
    let devices: DeviceEdits
    let user: SandboxSpec.User
    let inputs: [MountInput]
    let store: Store
    let snapshotter: any Snapshotter
    let ids: IDMapping
    let upper: UpperPolicy
    let loans: RunLoans
    /// Says that the step waits for a cache.
    let waiting: @Sendable (String) -> Void

    func prepared() async throws -> PreparedMounts {
        if mounts.isEmpty, devices.isEmpty { return PreparedMounts() }
        let caches = try await takeCaches()
        var attachments: [PreparedMounts.Attachment] = []
        var environment: [String] = []
        for mount in mounts {
            switch mount.kind {
            case .bind(let source, let isReadOnly):
                attachments.append(try await bind(source, at: mount.target, isReadOnly: isReadOnly))
            case .cache(let cache):
                guard let lease = caches[id(of: cache)] else { preconditionFailure("every cache was taken") }
                attachments.append(
                    PreparedMounts.Attachment(
                        source: .files(
                            try Self.directory(of: cache, lease), shifted: try await loans.namespace(ids),
                            isReadOnly: cache.isReadOnly),
                        target: mount.target, owners: [lease]))
            case .tmpfs(let size, let isReadOnly):
                attachments.append(
                    PreparedMounts.Attachment(
                        source: .tmpfs(size: size ?? HostMemory.size / 2, isReadOnly: isReadOnly),
                        target: mount.target))
            case .secret(let secret):
                guard let value = try loans.secret(secret) else { continue }
                if let name = secret.environmentVariable { environment.append("\(name)=\(try value.text(secret.id))") }
                if secret.isFile { attachments.append(try file(value, secret, at: mount.target)) }
            case .agent(let agent):
                guard let socket = try await loans.socket(agent, ids) else { continue }
                if !environment.contains(where: { $0.hasPrefix("SSH_AUTH_SOCK=") }) {
                    environment.append("SSH_AUTH_SOCK=\(mount.target)")
                }
                attachments.append(
                    PreparedMounts.Attachment(
                        source: .files(socket.file, shifted: nil, isReadOnly: false), target: mount.target,
                        isDirectory: false, owners: [socket]))
            }
        }
        let lent = DevicePreparation(devices: devices, ids: ids, user: user)
        attachments += try lent.nodes()
        if !devices.mounts.isEmpty { attachments += try lent.files(shifted: try await loans.namespace(ids)) }
        // A mount of the Dockerfile's is nearer than a specification of the host's.
        return PreparedMounts(
            attachments, environment: devices.environment.replacing(environment), groups: devices.groups)
    }

    // MARK: Files

    private func bind(
        _ source: RunMount.Source, at target: String, isReadOnly: Bool
    ) async throws -> PreparedMounts.Attachment {
        let input = inputs[source.input]
        let (path, isDirectory) = try input.node(of: source)
        let points = isDirectory ? nested(below: target, at: path) : []
        let root: SharedDescriptor
        let owner: any Sendable
        if isReadOnly {
            let snapshot = try await snapshotter.readOnly(input.chain.layers, ids: ids, mountPoints: points)
            (root, owner) = (snapshot.rootDescriptor, snapshot)
        } else {
            let snapshot = try await snapshotter.writable(
                input.chain.layers, ids: ids, upper: upper, mountPoints: points)
            (root, owner) = (snapshot.rootDescriptor, snapshot)
        }
        return PreparedMounts.Attachment(
            source: .files(try Self.open(path, in: root), shifted: nil, isReadOnly: isReadOnly), target: target,
            isDirectory: isDirectory, owners: [owner])
    }

    /// The places of other mounts inside of this one.
    private func nested(below target: String, at path: String) -> [MountPoint] {
        mounts.compactMap { mount in
            guard mount.target.hasPrefix(target + "/") else { return nil }
            let place = (path == "/" ? "" : path) + mount.target.dropFirst(target.count)
            return MountPoint(place, isDirectory(mount) ? .directory : .file)
        }
    }

    private func isDirectory(_ mount: RunMount) -> Bool {
        switch mount.kind {
        case .bind(let source, _): (try? inputs[source.input].node(of: source))?.isDirectory ?? true
        case .cache, .tmpfs: true
        case .secret, .agent: false
        }
    }

    private static func open(_ path: String, in root: SharedDescriptor) throws -> SharedDescriptor {
        if path == "/" { return root }
        return SharedDescriptor(
            try OwnedDescriptor.open(
                FilePath(String(path.dropFirst())), below: root.rawValue, resolve: [.beneath, .noSymbolicLinks],
                flags: OpenFlags.path))
    }

    private func file(
        _ value: Secret, _ secret: RunMount.Secret, at target: String
    ) throws -> PreparedMounts.Attachment {
        guard let uid = ids.outside(secret.uid), let gid = ids.outside(secret.gid) else {
            throw RunMountError("the secret `\(secret.id)` cannot belong to \(secret.uid):\(secret.gid)")
        }
        let mount = try DetachedMount.file(holding: value.bytes, mode: secret.mode, uid: uid, gid: gid)
        return PreparedMounts.Attachment(
            source: .files(SharedDescriptor(mount.release()), shifted: nil, isReadOnly: true), target: target,
            isDirectory: false)
    }

    // MARK: Caches

    private func id(of cache: RunMount.Cache) -> CacheMountID {
        CacheMountID(
            scope: loans.cacheScope, namespace: cache.namespace, name: cache.name,
            seed: cache.seed.map { inputs[$0.input].digest(of: $0) },
            mode: cache.mode, uid: cache.uid, gid: cache.gid)
    }

    /// Each cache once, however many mounts of the step show it, and in an order that all steps keep: no two steps wait
    /// for each other.
    private func takeCaches() async throws -> [CacheMountID: CacheMountLease] {
        var wanted: [CacheMountID: RunMount.Cache] = [:]
        for case .cache(let cache) in mounts.map(\.kind) {
            guard ids.outside(cache.uid ?? 0) != nil, ids.outside(cache.gid ?? 0) != nil else {
                throw RunMountError("the cache `\(cache.name)` cannot belong to \(cache.uid ?? 0):\(cache.gid ?? 0)")
            }
            let id = id(of: cache)
            if let other = wanted[id], other.sharing.exclusion >= cache.sharing.exclusion { continue }
            wanted[id] = cache
        }
        var leases: [CacheMountID: CacheMountLease] = [:]
        for (id, cache) in wanted.sorted(by: { $0.key.digest.hex < $1.key.digest.hex }) {
            let seed = try await seed(of: cache)
            leases[id] = try await store.cacheMounts.take(
                id, cache.sharing, renewing: await loans.renews(id),
                fill: { directory in if let seed { try seed.copy(to: directory) } }
            ) { waiting("waiting for the cache `\(cache.name)`, which another step uses") }
        }
        return leases
    }

    /// What is shown of it. Steps made what is in it: their links lead nowhere else.
    private static func directory(of cache: RunMount.Cache, _ lease: CacheMountLease) throws -> SharedDescriptor {
        if cache.directory == "/" { return lease.directory }
        func refusal(_ reason: String, hint: String? = nil) -> RunMountError {
            RunMountError("cannot mount `\(cache.directory)` of the cache `\(cache.name)`: \(reason)", hint: hint)
        }
        do {
            return SharedDescriptor(
                try OwnedDescriptor.open(
                    FilePath(String(cache.directory.dropFirst())), below: lease.directory.rawValue,
                    resolve: [.beneath, .noMagicLinks], flags: OpenFlags.path | OpenFlags.directory))
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory:
                throw refusal(
                    "it is not in the cache", hint: "make it in an earlier RUN that mounts the cache without source=")
            case .notDirectory: throw refusal("it is no directory")
            case .improperLink: throw refusal("it leads out of the cache")
            default: throw error
            }
        }
    }

    /// What a cache begins with.
    private struct Seed: Sendable {
        let snapshot: ReadOnlySnapshot
        let directory: SharedDescriptor

        func copy(to other: SharedDescriptor) throws {
            try CacheMountArchive.copy(directory, to: other)
            withExtendedLifetime(snapshot) {}
        }
    }

    private func seed(of cache: RunMount.Cache) async throws -> Seed? {
        guard let source = cache.seed else { return nil }
        let (path, isDirectory) = try inputs[source.input].node(of: source)
        guard isDirectory else {
            throw RunMountError("a cache cannot begin with the file `\(path)`", hint: "name a directory")
        }
        let snapshot = try await snapshotter.readOnly(inputs[source.input].chain.layers, ids: nil)
        let opened = try Self.open(path, in: snapshot.rootDescriptor)
        // The archive reads what it is in: a descriptor of a path alone does not do.
        let directory = SharedDescriptor(
            try OwnedDescriptor.open(".", at: opened.rawValue, flags: OpenFlags.directory))
        return Seed(snapshot: snapshot, directory: directory)
    }
}

extension CacheMountSharing {
    /// The more, the fewer use it at once.
    fileprivate var exclusion: Int {
        switch self {
        case .shared: 0
        case .private: 1
        case .locked: 2
        }
    }
}

extension Secret {
    /// For a variable of the step.
    fileprivate func text(_ id: String) throws(RunMountError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw RunMountError("the secret `\(id)` is not text: it cannot be the value of a variable")
        }
        return text
    }
}
