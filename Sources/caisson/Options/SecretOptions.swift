import ArgumentParser
import Build
import Linux
import SystemPackage

/// What a build lends its RUN instructions and keeps nowhere.
struct SecretOptions: ParsableArguments {
    @Option(
        name: .customLong("secret"),
        help: ArgumentHelp(
            "A secret for RUN --mount=type=secret. Default: the variable of that name, else the file.",
            valueName: "id=id[,src=file|env=name]"))
    var secret: [String] = []
    @Option(
        name: .customLong("ssh"),
        help: ArgumentHelp(
            "Keys for RUN --mount=type=ssh: those of an agent's socket, or files.",
            valueName: "default|id=socket|id=key[,key…]"))
    var ssh: [String] = []

    /// As much as other builders take.
    private static let limit = 500 << 10

    /// Reads everything now: what is missing is told before anything runs.
    func secrets() throws -> BuildSecrets {
        // From here on this process's memory is nothing for a core dump.
        if !secret.isEmpty { ProcessMemory.keepPrivate() }
        let environment = ProcessEnvironment.variables()
        var secrets = BuildSecrets()
        for text in secret {
            let (id, value) = try Self.secret(text, environment)
            guard secrets.secrets.updateValue(value, forKey: id) == nil else {
                throw CommandFailure.usage("--secret gives `\(id)` twice")
            }
        }
        for text in ssh {
            let (id, keys) = try Self.keys(text, environment)
            guard secrets.keys.updateValue(keys, forKey: id) == nil else {
                throw CommandFailure.usage("--ssh gives `\(id)` twice")
            }
        }
        return secrets
    }

    // MARK: Secrets

    private static func secret(_ text: String, _ environment: [String: String]) throws -> (String, Secret) {
        var id: String?
        var type: String?
        var source: String?
        var variable: String?
        for field in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let equals = field.firstIndex(of: "=") else { throw malformed }
            let value = String(field[field.index(after: equals)...])
            switch field[..<equals].lowercased() {
            case "id": id = value
            case "type": type = value
            case "src", "source": source = value
            case "env": variable = value
            default: throw malformed
            }
        }
        guard let id, !id.isEmpty else { throw malformed }
        if let type, type != "file", type != "env" {
            throw CommandFailure.usage("--secret: unknown type `\(type)`", hint: "use file or env")
        }
        // With `type=env` the source names a variable.
        if type == "env", variable == nil { (variable, source) = (source ?? id, nil) }
        if source == nil, variable == nil { variable = environment[id] == nil || type == "file" ? nil : id }
        if let variable {
            guard source == nil else { throw malformed }
            guard let value = environment[variable] else {
                throw CommandFailure.usage("--secret \(id): there is no variable `\(variable)` in the environment")
            }
            return (id, Secret(Array(value.utf8)))
        }
        let path = FilePath(source ?? id).absolute()
        do { return (id, Secret(try FileContents.read(path, limit: limit))) } catch {
            throw CommandFailure.usage("--secret \(id): \(error)")
        }
    }

    /// Without the value: it may be one that was meant for another option.
    private static let malformed = CommandFailure.usage(
        "--secret: malformed value", hint: "write --secret id=ID,src=FILE or --secret id=ID,env=NAME")

    // MARK: Keys

    private static func keys(_ text: String, _ environment: [String: String]) throws -> (String, SSHKeys) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let id = parts.first, !id.isEmpty else { throw CommandFailure.usage("--ssh: the id is empty") }
        guard parts.count == 2 else {
            guard let socket = environment["SSH_AUTH_SOCK"], !socket.isEmpty else {
                throw CommandFailure.usage(
                    "--ssh \(id): there is no SSH_AUTH_SOCK in the environment",
                    hint: "start an ssh-agent, or name a socket or a key: --ssh \(id)=PATH")
            }
            return (id, .agent(FilePath(socket).absolute()))
        }
        let paths = parts[1].split(separator: ",").map { FilePath(String($0)).absolute() }
        guard !paths.isEmpty else { throw CommandFailure.usage("--ssh \(id): neither a socket nor a key is named") }
        var kinds: [FileStatus.Kind] = []
        for path in paths {
            do {
                let file = try OwnedDescriptor.open(path, flags: OpenFlags.path)
                kinds.append(try FileStatus.of(file.rawValue).kind)
            } catch {
                throw CommandFailure.usage("--ssh \(id): \(error)")
            }
        }
        if kinds == [.socket] { return (id, .agent(paths[0])) }
        guard kinds.allSatisfy({ $0 == .file }) else {
            throw CommandFailure.usage("--ssh \(id): name one socket, or files with keys")
        }
        return (id, .files(paths))
    }
}
