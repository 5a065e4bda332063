import ArgumentParser
import Bake
import Linux
import OCI
import SystemPackage

/// The files that define targets, and what is changed about them.
struct BakeFileOptions: ParsableArguments {
    @Option(
        name: [.short, .customLong("file")],
        help: "A bake or compose file; several are merged, later ones win. - is standard input.")
    var file: [String] = []
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Set an attribute of targets, with += add to it: app.args.VERSION=2, *.platform=linux/arm64.",
            valueName: "target.key=value"))
    var set: [String] = []
    @Option(
        name: .customLong("var"), help: ArgumentHelp("A variable; wins over the environment.", valueName: "name=value"))
    var variable: [String] = []

    private static let limit = 1 << 20

    func definition() throws -> BakeDefinition {
        let environment = ProcessEnvironment.variables()
        let epoch = environment["SOURCE_DATE_EPOCH"].flatMap { Int64($0) }
        let sources = try sources(environment)
        let variables = FilePath(".env").absolute()
        let isComposed = sources.contains(where: \.isCompose) && FileContents.exists(variables)
        return try BakeDefinition(
            sources,
            environment: BakeEnvironment(
                variables: environment, given: try BuildCommand.pairs(variable),
                builtins: [
                    "BAKE_CMD_CONTEXT": "cwd://", "BAKE_LOCAL_PLATFORM": Platform.current.description,
                ], now: epoch ?? WallClock.seconds(),
                variableFile: isComposed ? try Self.source(".env") : nil))
    }

    private func sources(_ environment: [String: String]) throws -> [BakeSource] {
        let named = file.isEmpty ? Self.files(of: environment) : file
        guard named.isEmpty else { return try named.map(Self.source) }
        let usual = BakeSource.usualNames.filter { FileContents.exists(FilePath($0).absolute()) }
        guard !usual.isEmpty else {
            throw CommandFailure.usage(
                "no bake file in `\(WorkingDirectory.path)`",
                hint: "name one with --file, or call it one of: " + BakeSource.usualNames.joined(separator: ", "))
        }
        return try usual.map(Self.source)
    }

    /// Other builders' variable.
    private static func files(of environment: [String: String]) -> [String] {
        let separator = environment["BUILDX_BAKE_FILE_SEPARATOR"]?.first ?? ":"
        return environment["BUILDX_BAKE_FILE"]?.split(separator: separator).map(String.init) ?? []
    }

    private static func source(_ name: String) throws -> BakeSource {
        let path = name == "-" ? FilePath("/dev/stdin") : FilePath(name).absolute()
        do { return BakeSource(name: name, bytes: try FileContents.read(path, limit: limit)) } catch {
            throw CommandFailure.usage("\(error)")
        }
    }
}
