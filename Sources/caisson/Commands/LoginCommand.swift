import ArgumentParser
import Engine
import HTTP
import Linux
import Registry
import SystemPackage

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Keeps a password for a registry, after trying it there.",
        discussion: """
            The password comes from standard input, never from an argument that others could see.
            Example: caisson login 127.0.0.1:5000 --username ci < password.txt
            """)

    @Argument(help: "The registry, as host[:port].") var registry: String
    @Option(name: [.short, .customLong("username")], help: "Who logs in.") var username: String
    @OptionGroup var store: StoreOptions

    func run() async throws {
        let environment = ProcessEnvironment.variables()
        guard let directory = environment["DOCKER_CONFIG"] ?? environment["HOME"].map({ $0 + "/.docker" }) else {
            throw CommandFailure.usage("neither DOCKER_CONFIG nor HOME says where config.json is")
        }
        if StandardInput.isTerminal { StandardError.write("password: ") }
        let typed = try FileContents.read("/dev/stdin", limit: 1 << 16)
        let line = typed.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).first ?? []
        let password = Secret(String(decoding: line, as: UTF8.self))
        let configuration = store.configuration(environment: environment)
        let client = RegistryClient(
            configuration.registries,
            credentials: StaticCredentials([registry: .basic(user: username, password: password)]))
        guard try await client.check(registry) == .ready else {
            throw CommandFailure("registry \(registry) does not take this user and password")
        }
        let file = FilePath(directory).appending("config.json")
        try await DockerCredentials.save(user: username, password: password, for: registry, in: file)
        StandardError.write("kept in \(file)\n")
    }
}
