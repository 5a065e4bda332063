/// What a target asks of whoever builds it: arguments, secrets, agents. From the text alone: base images are not looked
/// at, so the variables they set are unknown.
package struct DockerfileOutline: Sendable {
    package struct Argument: Hashable, Sendable {
        package let name: String
        /// With the given build arguments; nil when nothing sets it.
        package let value: String?
        package let description: String?
        package let range: SourceRange
    }

    /// A secret or an agent, by its id.
    package struct Resource: Hashable, Sendable {
        package let id: String
        /// Whether a build without it fails.
        package internal(set) var isRequired: Bool
        /// The first mount of it.
        package let range: SourceRange
    }

    package let target: Stage
    package let description: String?
    /// The target and the stages it needs, in the order of the file.
    package let stages: [Stage]
    /// In the order of the file, each name once.
    package private(set) var arguments: [Argument] = []
    package private(set) var secrets: [Resource] = []
    package private(set) var agents: [Resource] = []
    /// The ids of cache mounts.
    package private(set) var caches: [String] = []

    /// Throws what makes an argument or a FROM line impossible to expand. The file has no errors.
    package init(
        _ file: DockerfileStages, target: Stage, buildArguments: [String: String] = [:], platform: PlatformArguments
    ) throws(ArgumentError) {
        var reader = ArgumentReader(file, buildArguments, platform)
        try reader.readGlobals()
        let references = StageReferences(file, globals: reader.globals)
        let stages = references.reachable(from: target)
        self.target = target
        self.stages = stages
        description = target.name.flatMap { target.node.description(of: $0) }
        let bases = stages.map { references.base(of: $0)?.index }
        reader.remainingHeirs = Dictionary(bases.compactMap { $0 }.map { ($0, 1) }, uniquingKeysWith: +)
        for (stage, base) in zip(stages, bases) {
            try reader.read(stage, from: base)
            for case .run(let run) in stage.instructions.map(\.instruction) {
                for option in run.mounts { collect(option, reader) }
            }
        }
        arguments = reader.arguments
    }

    private mutating func collect(_ option: MountOption, _ reader: ArgumentReader) {
        // A value that cannot be expanded is the build's to report.
        guard
            let mount = try? option.mount({ text throws(ExpansionError) in
                (try? reader.expand(text)) ?? text
            })
        else { return }
        switch mount.kind {
        case .secret:
            let file = mount.target?.split(separator: "/").last.map(String.init)
            Self.add(mount.id ?? file ?? "", isRequired: mount.isRequired, option.range, to: &secrets)
        case .ssh: Self.add(mount.id ?? "default", isRequired: mount.isRequired, option.range, to: &agents)
        case .cache:
            let id = mount.id ?? mount.target ?? ""
            if !caches.contains(id) { caches.append(id) }
        case .bind, .tmpfs: break
        }
    }

    private static func add(_ id: String, isRequired: Bool, _ range: SourceRange, to list: inout [Resource]) {
        if let known = list.firstIndex(where: { $0.id == id }) {
            list[known].isRequired = list[known].isRequired || isRequired
        } else {
            list.append(Resource(id: id, isRequired: isRequired, range: range))
        }
    }
}

/// Carries out the ARG instructions of stages and remembers what they declare.
private struct ArgumentReader {
    private let file: DockerfileStages
    private(set) var globals: GlobalArguments
    private var globalArguments: [String: DockerfileOutline.Argument] = [:]
    private var environments: [Int: StageEnvironment] = [:]
    /// How many stages that are not yet read start from a stage. The last one gets its variables without a copy.
    var remainingHeirs: [Int: Int] = [:]
    private var current: StageEnvironment
    private(set) var arguments: [DockerfileOutline.Argument] = []
    private var names: Set<String> = []

    init(_ file: DockerfileStages, _ buildArguments: [String: String], _ platform: PlatformArguments) {
        self.file = file
        globals = GlobalArguments(buildArguments: buildArguments, platform: platform, expander: file.expander)
        current = StageEnvironment(image: EnvironmentList(), globals: globals, expander: file.expander)
    }

    func expand(_ text: String) throws(ExpansionError) -> String {
        try file.expander.expand(text, lookup: current.lookup)
    }

    mutating func readGlobals() throws(ArgumentError) {
        for instruction in file.globalArguments {
            guard case .arg(let arg) = instruction.instruction else { continue }
            try globals.declare(arg)
            for pair in arg.arguments {
                let name = try globals.expand(pair.name)
                globalArguments[name] = DockerfileOutline.Argument(
                    name: name, value: globals[name], description: instruction.node.description(of: name),
                    range: instruction.range)
            }
        }
    }

    /// Stages come after those they go on from.
    mutating func read(_ stage: Stage, from base: Int?) throws(ArgumentError) {
        for word in [stage.from.image, stage.from.platform?.word].compactMap({ $0 }) {
            let used = (try? file.expander.expansion(word.text, lookup: { [globals] in globals[$0] }))?.used ?? []
            for name in used { globalArguments[name].map { add($0) } }
        }
        current =
            base.flatMap { takeEnvironment(of: $0) }
            ?? StageEnvironment(image: EnvironmentList(), globals: globals, expander: file.expander)
        for instruction in stage.instructions {
            switch instruction.instruction {
            case .arg(let arg):
                try current.declare(arg)
                for pair in arg.arguments { add(try argument(pair, instruction.node)) }
            case .env(let pairs): try current.set(pairs)
            default: break
            }
        }
        if remainingHeirs[stage.index] != nil { environments[stage.index] = current }
    }

    private mutating func takeEnvironment(of stage: Int) -> StageEnvironment? {
        let environment = environments[stage]
        remainingHeirs[stage, default: 1] -= 1
        if remainingHeirs[stage] == 0 { environments[stage] = nil }
        return environment
    }

    /// An argument without a default here is described where it has one.
    private func argument(
        _ pair: InstructionNode.Pair, _ node: InstructionNode
    ) throws(ArgumentError) -> DockerfileOutline.Argument {
        let name = try current.expand(pair.name)
        let global = pair.value == nil ? globalArguments[name] : nil
        return DockerfileOutline.Argument(
            name: name, value: current[name], description: node.description(of: name) ?? global?.description,
            range: global?.range ?? node.range)
    }

    private mutating func add(_ argument: DockerfileOutline.Argument) {
        if names.insert(argument.name).inserted { arguments.append(argument) }
    }
}
