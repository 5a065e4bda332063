import Bake
import Build
import Dockerfile
import Engine
import Linux
import OCI

/// What became of a target.
struct BakedTarget {
    let name: String
    let built: BuiltTarget
    let plan: ResultPlan
    let isLinked: Bool
    let epoch: Int64
    let log: StepLog

    var metadata: JSON? { ResultOptions.metadata(of: [built], plan, epoch: epoch, log) }
}

/// Builds targets side by side, each after those it starts from. They share one store and the steps in flight: what
/// several of them need is done once. The first failure ends all; names, files and pushes come when all are built.
struct BakeBuilder {
    let engine: Engine
    let progress: ProgressStyle
    let color: ColorOptions

    /// Further ones would only wait for processors.
    private static let concurrency = 8

    private struct Ready {
        let build: BakeTargetBuild
        let source: BuildSource
        var request: BuildRequest
        let log = StepLog()
    }

    func build(_ builds: [BakeTargetBuild]) async throws -> [BakedTarget] {
        var ready: [Ready] = []
        for build in builds { ready.append(try await prepare(build)) }
        let view = try BakeProgress(progress.view(color), isSingle: builds.count == 1)
        return try await view.following(images: { $0.flatMap(\.built.images) }) { report in
            for build in builds { for warning in build.warnings { view.warn(warning) } }
            var results = try await solve(ready, view)
            for target in ready {
                guard let built = results[target.build.name] else { continue }
                results[target.build.name] =
                    try await target.build.command.results.deliver(
                        [built], target.build.plan, engine: engine, epoch: target.request.created, report: report)[0]
            }
            return ready.compactMap { target in
                let build = target.build
                return results[build.name].map {
                    BakedTarget(
                        name: build.name, built: $0, plan: build.plan, isLinked: build.target.isLinked,
                        epoch: target.request.created, log: target.log)
                }
            }
        }
    }

    private func prepare(_ build: BakeTargetBuild) async throws -> Ready {
        let secrets = try build.command.secrets.secrets()
        let remotes = try engine.remotes(secrets: secrets)
        let source = try await build.source(through: remotes)
        let request = try await build.request(for: source, of: engine, through: remotes, lending: secrets)
        return Ready(build: build, source: source, request: request)
    }

    // MARK: Order

    private func solve(_ targets: [Ready], _ view: BakeProgress) async throws -> [String: BuiltTarget] {
        try await withThrowingTaskGroup(of: (String, BuiltTarget).self) { group in
            var waiting = targets
            var results: [String: BuiltTarget] = [:]
            var running = 0
            while true {
                while running < Self.concurrency,
                    let index = waiting.firstIndex(where: { target in
                        target.build.target.links.values.allSatisfy { results[$0] != nil }
                    })
                {
                    let target = try withLinks(waiting.remove(at: index), results)
                    running += 1
                    group.addTask { (target.build.name, try await self.solve(target, view)) }
                }
                guard let (name, built) = try await group.next() else { return results }
                running -= 1
                results[name] = built
            }
        }
    }

    private func withLinks(_ target: Ready, _ results: [String: BuiltTarget]) throws -> Ready {
        var target = target
        for (name, link) in target.build.target.links {
            guard let built = results[link] else { continue }
            target.request.namedContexts[name] = try engine.namedContext(of: built, called: link)
        }
        return target
    }

    private func solve(_ target: Ready, _ view: BakeProgress) async throws -> BuiltTarget {
        let show = view.sink(for: target.build.name, source: target.source.dockerfile.source)
        let report: EventSink = { event in
            target.log.receive(event)
            show(event)
        }
        do {
            let images = try await engine.build(target.request, report: report)
            return BuiltTarget.grouped(images)[0]
        } catch BuildError.step(let failure) {
            let step = FailedStep(
                failure, in: target.source, showsOutput: progress.resolved != .tty,
                rerun: RerunCommand(of: target.build), ground: StepGround(of: target.build))
            throw CommandFailure(text: step.text)
        } catch BuildError.unreachable(let failure) {
            let step = FailedStep(failure, in: target.source, showsOutput: false)
            throw CommandFailure(text: step.text, .infrastructure)
        }
    }
}

extension BakeTargetBuild {
    func request(
        for source: BuildSource, of engine: Engine, through remotes: BuildRemotes, lending secrets: BuildSecrets
    ) async throws -> BuildRequest {
        var command = command
        command.cache.filter(to: source.dockerfile.stages.map(\.name))
        return try await command.request(for: source, of: engine, through: remotes, lending: secrets)
    }

    func source(through remotes: BuildRemotes) async throws -> BuildSource {
        do {
            return try await command.contexts.source(
                through: remotes, arguments: BuildCommand.pairs(command.buildArg),
                inline: target.text(.dockerfileInline))
        } catch BuildError.request(let message) {
            throw BuildError.request("target `\(name)`: \(message)")
        }
    }
}
