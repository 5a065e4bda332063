package import OCI

/// RUN with everything that the command can see of it.
package struct RunOperation: Hashable, Sendable {
    package enum Network: String, Hashable, Sendable, CaseIterable {
        case `default`
        case none
        case host
    }

    package enum Security: String, Hashable, Sendable {
        case sandbox
        case insecure
    }

    /// A here-document that is a program itself.
    package struct Script: Hashable, Sendable {
        /// One component of a path.
        package let name: String
        package let bytes: [UInt8]
        /// The interpreter that the first line names, at most one argument, and the script's place in the sandbox: what
        /// execve(2) makes of such a file.
        package let arguments: [String]

        /// nil if `text` does not begin with `#!`.
        init?(_ text: String, named name: String) {
            guard text.hasPrefix("#!") else { return nil }
            let isComponent = !name.isEmpty && !name.hasPrefix(".") && !name.contains("/")
            self.name = isComponent ? name : "script"
            bytes = Array(text.utf8)
            let line = text.dropFirst(2).prefix { !$0.isNewline }
            let isBlank = { (character: Character) in character == " " || character == "\t" }
            let interpreter = line.drop(while: isBlank).prefix { !isBlank($0) }
            var argument = line[interpreter.endIndex...].drop(while: isBlank)
            while argument.last.map(isBlank) == true { argument.removeLast() }
            arguments = [interpreter, argument].filter { !$0.isEmpty }.map(String.init) + ["/dev/pipes/\(self.name)"]
        }
    }

    package var arguments: [String]
    /// `NAME=value` in order, each name once.
    package var environment: [String]
    package var workingDirectory: String
    /// As USER gave it; looked up in the image the command runs in.
    package var user: String
    package var network: Network
    package var security = Security.sandbox
    package var script: Script?
    package var platform: Platform
    /// No file of the new layer is younger.
    package var epoch: Int64
    package var mounts: [RunMount] = []
    package var devices = RunDevices()
    /// `NAME=value` of proxies that nothing declares: what the command fetches must not depend on them.
    package var proxies: [String] = []
    package var settings = RunSettings()

    /// What decides the result besides the tree it runs on and the files it mounts, which are named as written.
    var ingredients: JSON { ingredients(naming: \.text) }

    /// The same with `name` for what is mounted.
    func ingredients(naming name: (RunMount.Source) -> JSON) -> JSON {
        [
            "operation": "run",
            "arguments": .array(arguments.map(JSON.string)),
            "environment": .array(environment.map(JSON.string)),
            "directory": .string(workingDirectory),
            "user": .string(user),
            "network": .string(network.rawValue),
            "security": security == .sandbox ? nil : .string(security.rawValue),
            "devices": devices.names.isEmpty ? nil : .array(devices.names.map(JSON.string)),
            "settings": settings.ingredients,
            "script": script.map { .array([.string($0.name), .string(Digest.of($0.bytes).description)]) },
            "platform": .string(platform.description),
            "epoch": .integer(epoch),
            "mounts": mounts.isEmpty ? nil : .array(mounts.map { $0.ingredients(name) }),
        ]
    }
}

/// WORKDIR: a directory that is made if it is not there.
package struct DirectoryOperation: Hashable, Sendable {
    package var path: String
    /// Owns what is made; as USER gave it.
    package var user: String
    package var epoch: Int64

    var ingredients: JSON {
        ["operation": "directory", "path": .string(path), "user": .string(user), "epoch": .integer(epoch)]
    }
}
