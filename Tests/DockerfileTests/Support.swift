import Dockerfile

func parse(_ text: String) -> ParsedDockerfile {
    DockerfileParser.parse(text, name: "Dockerfile")
}

/// The messages of all errors of the language.
func errors(_ text: String) -> [String] {
    DockerfileStages(parse(text)).diagnostics.filter { $0.severity == .error }.map(\.message)
}

func stages(_ text: String) -> DockerfileStages {
    DockerfileStages(parse(text))
}

/// The instructions of a one-stage file that starts with `FROM scratch`.
func instructions(_ text: String) -> [Instruction] {
    stages("FROM scratch\n" + text).stages[0].instructions.map(\.instruction)
}

let amd64 = PlatformArguments.Platform(os: "linux", architecture: "amd64")

/// Arguments and variables of each stage at its end, as a build would have them.
func environments(
    _ text: String, buildArguments: [String: String] = [:]
) throws -> [StageEnvironment] {
    let file = stages(text)
    var globals = GlobalArguments(
        buildArguments: buildArguments, platform: PlatformArguments(target: amd64, build: amd64, stage: nil),
        expander: file.expander)
    for case .arg(let arguments) in file.globalArguments.map(\.instruction) { try globals.declare(arguments) }
    var environments: [StageEnvironment] = []
    for stage in file.stages {
        let base = try globals.resolve(stage.from).image
        var environment =
            file.stage(named: base, before: stage.index).map { environments[$0.index] }
            ?? StageEnvironment(image: EnvironmentList(), globals: globals, expander: file.expander)
        for instruction in stage.instructions {
            switch instruction.instruction {
            case .arg(let arguments): try environment.declare(arguments)
            case .env(let pairs): try environment.set(pairs)
            default: break
            }
        }
        environments.append(environment)
    }
    return environments
}

func environment(_ text: String, buildArguments: [String: String] = [:]) throws -> StageEnvironment {
    let all = try environments("FROM scratch\n" + text, buildArguments: buildArguments)
    return all[all.count - 1]
}
