package import Build
import Dockerfile
package import Git
import HTTP
import Linux
package import OCI
package import Registry
import Sandbox
package import Storage
import Synchronization
import SystemPackage

/// A ready engine: the store, the sandbox, registries and repositories put together. One serves any number of builds at
/// once, which share layers, records and steps in flight.
package final class Engine: Sendable {
    package let configuration: EngineConfiguration
    package let store: Store
    package let registry: RegistryClient
    package let library: ImageLibrary
    package let trees: ChainTrees
    package let git: GitRemote
    let http: HTTPClient
    package let journals: BuildJournals
    /// Steps that run now, by the scope of their records.
    private let flights = Mutex<[String?: Solver.Flights]>([:])
    private let snapshots: SnapshotterChoice
    private let ranges: IDRanges
    private let work: WorkArea
    private let upperMemory: MemoryBudget

    /// Opens the store; nothing else is contacted or started.
    package init(_ configuration: EngineConfiguration) throws {
        self.configuration = configuration
        store = try Store.open(at: configuration.root, quota: configuration.quota)
        let http = HTTPClient(proxies: configuration.proxies, clock: configuration.clock)
        self.http = http
        registry = RegistryClient(configuration.registries, credentials: configuration.credentials, http: http)
        library = ImageLibrary(store: store, source: registry)
        trees = ChainTrees(store: store)
        journals = BuildJournals(in: store)
        git = GitRemote(client: http, helper: configuration.gitHelper, trust: configuration.gitTrust)
        snapshots = SnapshotterChoice(store: store)
        work = try WorkArea(in: store)
        let memory = configuration.limits.upperMemory
        upperMemory = MemoryBudget(total: memory, share: max(64 << 20, memory / 4))
        ranges = IDRanges(directory: Superuser.isCurrent ? "/run/caisson/ids" : configuration.root.appending("ids"))
    }

    // MARK: Building

    /// The images of all targets, in their order; their layers and documents are in the store, durably. The first step
    /// that fails ends the build.
    ///
    /// Throws `BuildError` for what the author of the build can mend; any other error is a failure of the host, a
    /// registry or the store.
    package func build(
        _ request: BuildRequest, limits: EngineLimits? = nil, report: @escaping EventSink
    ) async throws -> [BuiltImage] {
        try await solving(request, limits, report) { solver, targets in
            try await solver.refuseForeignCommands(targets)
            return try await solver.solve(targets).map { .success($0) }
        }.map { try $0.get() }
    }

    /// The same for targets that succeed or fail each for itself. Throws for what concerns all of them.
    package func buildEach(
        _ request: BuildRequest, limits: EngineLimits? = nil, report: @escaping EventSink
    ) async throws -> [Result<BuiltImage, any Error>] {
        try await solving(request, limits, report) { solver, targets in await solver.solveEach(targets) }
    }

    /// What base images add to what is said about the Dockerfile; nothing is run and no layer fetched.
    package func survey(_ request: BuildRequest) async throws -> PlanSurvey {
        let lease = try store.lease()
        defer { withExtendedLifetime(lease) {} }
        return try await Planner.survey(request, images: library)
    }

    private func solving(
        _ request: BuildRequest, _ limits: EngineLimits?, _ report: @escaping EventSink,
        _ solve: (Solver, [VertexID]) async throws -> [Result<LayerChain, any Error>]
    ) async throws -> [Result<BuiltImage, any Error>] {
        var request = request
        let remotes =
            try (request.remotes as? BuildRemotes)?.reporting(to: report)
            ?? remotes(secrets: request.secrets, report: report)
        // From here on nothing goes that this build needs or makes.
        let lease = remotes.lease
        request.remotes = request.remotes is BuildRemotes ? remotes : request.remotes ?? remotes
        let plan = try await Planner.plan(request, images: library)
        var imported = await importedCache(of: request, report)
        let findings = try await plan.checkCopies(of: request)
        for warning in plan.warnings + findings { report(.warning(warning)) }
        report(.planned(plan.steps))
        return try await withCommandRunner(
            limits, secrets: request.secrets, renewsCaches: !request.usesCache, cacheScope: request.cache.scope,
            visitor: request.visitor
        ) { commands in
            let attempt = BuildAttempt(
                engine: self, request: request, plan: plan, commands: commands, history: journals.history(of: request),
                flights: flights(in: request.cache.scope), lease: lease, report: report)
            var told = Solver.Told()
            while true {
                let solver = attempt.solver(imported, after: told)
                do { return try await attempt.images(by: solver, imported, solve) } catch let loss as LostLayer {
                    told = await solver.told
                    // One that is not known here was another build's, whose step this one waited for.
                    guard let place = imported.drop(loss) else { continue }
                    let text = "a layer of the cache `\(place)` cannot be had, so its step runs: \(loss.cause)"
                    report(.warning(Diagnostic(.warning, text, at: nil)))
                }
            }
        }
    }

    private func flights(in scope: String?) -> Solver.Flights {
        flights.withLock { flights in
            let known = flights[scope] ?? Solver.Flights()
            flights[scope] = known
            return known
        }
    }

    /// A runner for one build's commands, which ends with the build however that ends.
    func withCommandRunner<Result: Sendable>(
        _ limits: EngineLimits? = nil, secrets: BuildSecrets = BuildSecrets(), renewsCaches: Bool = false,
        cacheScope: String? = nil, visitor: FailureVisitor? = nil, _ body: (CommandRunner) async throws -> Result
    ) async throws -> Result {
        let limits = limits ?? configuration.limits
        let lease = try ranges.take()
        let runner = CommandRunner(
            store: store, snapshotter: snapshots,
            limits: .init(
                memory: limits.memory.map { UInt64($0) }, processors: limits.cpus, processes: UInt64(limits.pids),
                time: limits.timeout),
            upper: UpperPolicy(memory: upperMemory, disk: work.path), secrets: secrets, renewsCaches: renewsCaches,
            cacheScope: cacheScope, visitor: visitor
        ) {
            // The range is taken as long as the runner may start anything in it.
            do { return try await SandboxSupervisor.start(ids: lease.ids, runtime: try CrunRuntime.locate()) } catch {
                if Superuser.isCurrent { throw error }
                throw EngineError("\(error); builds that run commands need root")
            }
        }
        do {
            let result = try await body(runner)
            await runner.stop()
            return result
        } catch {
            await runner.stop()
            throw error
        }
    }

    // MARK: Images

    /// Names an image in the store only, which then has all its layers: what names it next may not know where those of
    /// its base came from.
    package func tag(_ target: BuiltTarget, as reference: ImageReference) async throws {
        for image in target.images { try await fetchLayers(of: image) }
        try keepIndex(of: target)
        try store.references.put(target.root.descriptor, as: LocalName.built(reference))
    }

    /// Sends an image to its registry under all `references`, and records that the registry has it.
    package func push(
        _ target: BuiltTarget, to references: [ImageReference], report: @escaping @Sendable (Transfer) -> Void
    ) async throws {
        try await ImagePusher(store: store, library: library, destination: registry)
            .push(target, to: references, report: report)
        try keepIndex(of: target)
        for reference in references {
            try store.references.remove(LocalName.built(reference))
            try store.references.put(target.root.descriptor, as: LocalName.mirrored(reference))
        }
    }

    /// Once it is in the store, an index is a blob like any other.
    func keepIndex(of target: BuiltTarget) throws {
        if let index = target.index { try store.blobs.put(index.bytes) }
    }

    /// Brings an image with all its layers into the store.
    package func pull(
        _ reference: ImageReference, platform: Platform, report: @escaping @Sendable (Transfer) -> Void
    ) async throws -> BaseImage {
        let lease = try store.lease()
        let image = try await library.resolve(reference, platform: platform)
        try await library.fetch(LayerChain(image.config.diffIDs), origins: LayerOrigins(of: [image]), report: report)
        try store.references.put(image.manifest, as: LocalName.mirrored(reference))
        withExtendedLifetime(lease) {}
        return image
    }
}
