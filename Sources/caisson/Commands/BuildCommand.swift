import ArgumentParser
import Build
import Dockerfile
import Engine
import Linux
import OCI
import SystemPackage

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Builds images from a Dockerfile, in this process.",
        discussion: """
            Examples:
              caisson build -t 127.0.0.1:5000/app:1 --push .
              caisson build --target test .
              caisson build https://example.org/app.git#main:service
              caisson build -t app:dev --output type=docker,dest=app.tar .

            Images, files and repositories are fetched through the proxies that http_proxy, https_proxy, all_proxy \
            and no_proxy name.
            """)

    @OptionGroup var contexts: ContextOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var limits: LimitOptions

    @Option(name: .customLong("target"), help: "A stage to build. Several build one graph.") var target: [String] = []
    @Option(name: .customLong("build-arg"), help: ArgumentHelp("An ARG's value.", valueName: "name[=value]"))
    var buildArg: [String] = []
    @Option(name: .customLong("label"), help: ArgumentHelp("A label of the image.", valueName: "name[=value]"))
    var label: [String] = []
    @Option(name: .customLong("annotation"), help: ImageAnnotation.help) var annotation: [String] = []
    @Option(
        name: .customLong("platform"),
        help: ArgumentHelp("One image for each platform, under an index.", valueName: "os/arch[/variant],…"))
    var platform: [String] = []
    @Option(name: .customLong("network"), help: "What RUN without --network can reach.")
    var network = RunOperation.Network.default
    @Option(
        name: .customLong("epoch"),
        help: "Seconds since 1970 that bound the times of files, or auto: the commit's time for the image alone.")
    var epoch = "auto"
    @Flag(name: .customLong("strict"), help: "Take a pattern of COPY or ADD that matches nothing for an error.")
    var strict = false
    @Flag(
        name: .customLong("pull"), help: "Accepted: names of images are looked up at every build anyway.") var pull =
        false
    @OptionGroup var cache: CacheOptions
    @OptionGroup var secrets: SecretOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var entitlements: EntitlementOptions
    @OptionGroup var failure: FailureOptions
    @OptionGroup var results: ResultOptions
    @OptionGroup var call: CallOptions
    @Option(name: .customLong("progress"), help: "How the build is shown on standard error.") var progress =
        ProgressStyle.auto

    /// An empty target is none, as scripts write it.
    var targets: [String] { target.filter { !$0.isEmpty } }

    func run() async throws { try await progress.sayingFailures { try await build() } }

    private func build() async throws {
        let question = try call.question()
        var plan = try results.plan(targets: targets, platforms: Self.platforms(platform).count)
        let terminal = try failure.terminal(isGivenInput: contexts.areGivenInput)
        let engine = try store.engine(limits: try limits.limits)
        let lent = try secrets.secrets()
        let remotes = try engine.remotes(secrets: lent)
        let source = try await contexts.source(
            through: remotes, arguments: Self.pairs(buildArg, bare: .environment))
        plan = plan.naming(source.dockerfile.stages.map(\.name))
        if let question {
            var survey: PlanSurvey?
            if question.method == .check {
                survey = try await engine.survey(
                    try await request(for: source, of: engine, through: remotes, lending: lent))
            }
            return try CallOptions.answer(
                question, about: source.dockerfile, ignore: source.ignore, target: targets.last,
                arguments: try Self.pairs(buildArg, bare: .environment),
                platform: try Self.platforms(platform)[0], printsJSON: store.json,
                survey: survey, progress: progress)
        }
        var request = try await request(for: source, of: engine, through: remotes, lending: lent)
        let view = try progress.view(for: source.dockerfile.source, store.color)
        let showsOutput = progress.resolved != .tty
        let shell = terminal.map {
            FailureShell(
                at: $0, view: view, source: source, showsOutput: showsOutput,
                hasSecrets: !lent.secrets.isEmpty)
        }
        if let shell { request.visitor = { try await shell.visit($0) } }
        let built: [BuiltTarget]
        let log = StepLog()
        do {
            built = try await view.following(images: { $0.flatMap(\.images) }) { show in
                let view = shell.map { shell in { @Sendable in shell.pass($0) } } ?? show
                let report: EventSink = { event in
                    log.receive(event)
                    view(event)
                }
                let built = BuiltTarget.grouped(try await engine.build(request, report: report))
                let delivered = try await results.deliver(
                    built, plan, engine: engine, epoch: request.created, report: report)
                try results.writeFiles(delivered, plan, epoch: request.created, log)
                return delivered
            }
        } catch BuildError.step(let failure) {
            if progress.resolved == .json { throw BuildError.step(failure) }
            if shell?.wasOpened == true { throw CommandFailure("\(failure)") }
            let step = FailedStep(
                failure, in: source, showsOutput: showsOutput,
                rerun: RerunCommand(isGivenInput: contexts.areGivenInput), ground: StepGround(self))
            throw CommandFailure(text: step.text)
        } catch BuildError.unreachable(let failure) where progress.resolved != .json {
            throw CommandFailure(
                text: FailedStep(failure, in: source, showsOutput: showsOutput).text, .infrastructure)
        }
        if store.json {
            let documents = built.map { $0.json(named: plan.references(of: $0), log) }
            StandardOutput.write((documents.count == 1 ? documents[0] : .array(documents)).lineText + "\n")
        } else if !plan.writesToStandardOutput {
            for result in built {
                StandardOutput.write(built.count == 1 ? "\(result.digest)\n" : "\(result.name) \(result.digest)\n")
            }
        }
    }

    /// What the options ask of the engine.
    func request(
        for source: BuildSource, of engine: Engine, through remotes: BuildRemotes, lending secrets: BuildSecrets
    ) async throws -> BuildRequest {
        var request = try await source.request(
            targets: targets, arguments: Self.pairs(buildArg, bare: .environment),
            labels: Self.pairs(label, bare: .empty),
            platforms: try Self.platforms(platform), network: network, epoch: epoch, usesCache: !cache.noCache)
        request.cache = try cache.settings(contexts, stages: source.dockerfile.stages.map(\.name))
        request.cache.leavesLayers = results.onlySendsImages
        request.annotations = try annotation.flatMap(ImageAnnotation.parse)
        request.isStrict = strict
        request.lint = .init(ignore: source.ignore)
        request.remotes = remotes
        request.namedContexts = try await contexts.namedContexts(of: engine, through: remotes)
        request.secrets = secrets
        request.settings = try sandbox.settings()
        entitlements.apply(to: &request)
        return request
    }

    static func platforms(_ texts: [String]) throws -> [Platform] {
        var platforms: [Platform] = []
        for text in texts.flatMap({ $0.split(separator: ",").map(String.init) }) {
            let platform = try platform(text)
            if !platforms.contains(platform) { platforms.append(platform) }
        }
        return platforms.isEmpty ? [.current] : platforms
    }

    static func platform(_ text: String) throws -> Platform {
        do { return try Platform(parsing: text) } catch { throw CommandFailure.usage(error.message) }
    }

    /// What a name without value has.
    enum BareValue {
        /// That of this process's environment; without one the name is not given at all.
        case environment
        case empty
        case refused
    }

    /// `name=value`; of two with one name the later counts.
    static func pairs(_ texts: [String], bare: BareValue = .refused) throws -> [String: String] {
        var pairs: [String: String] = [:]
        for text in texts {
            guard let first = text.first, first != "=" else {
                throw CommandFailure.usage("`\(text)` has no name; write name=value")
            }
            if let equals = text.firstIndex(of: "=") {
                pairs[String(text[..<equals])] = String(text[text.index(after: equals)...])
                continue
            }
            switch bare {
            case .environment: pairs[text] = ProcessEnvironment.variables()[text] ?? pairs[text]
            case .empty: pairs[text] = ""
            case .refused: throw CommandFailure.usage("`\(text)` is not of the form name=value")
            }
        }
        return pairs
    }
}
