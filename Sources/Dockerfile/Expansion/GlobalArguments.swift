/// The strings behind the arguments every file has without declaring them.
package struct PlatformArguments: Hashable, Sendable {
    package struct Platform: Hashable, Sendable {
        package let os: String
        package let architecture: String
        package let variant: String
        package let osVersion: String

        /// `arm64` has no variant here: v8 is what it means.
        package init(os: String, architecture: String, variant: String = "", osVersion: String = "") {
            self.os = os
            self.architecture = architecture
            self.variant = architecture == "arm64" && variant == "v8" ? "" : variant
            self.osVersion = osVersion
        }

        /// `os/architecture[/variant]`.
        package var text: String {
            [os, architecture, variant].filter { !$0.isEmpty }.joined(separator: "/")
        }
    }

    package let variables: [String: String]

    /// The names of all of them.
    static let names =
        ["TARGET", "BUILD"].flatMap { prefix in
            ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"].map { prefix + $0 }
        } + ["TARGETSTAGE"]

    /// `stage` is the target's name, or that of the last stage; nil when it has none.
    package init(target: Platform, build: Platform, stage: String?) {
        var variables = ["TARGETSTAGE": stage ?? "default"]
        for (prefix, platform) in [("TARGET", target), ("BUILD", build)] {
            variables[prefix + "PLATFORM"] = platform.text
            variables[prefix + "OS"] = platform.os
            variables[prefix + "OSVERSION"] = platform.osVersion
            variables[prefix + "ARCH"] = platform.architecture
            variables[prefix + "VARIANT"] = platform.variant
        }
        self.variables = variables
    }
}

/// Arguments before the first FROM: what FROM lines see, and where stages find the values of arguments they declare.
package struct GlobalArguments: Sendable {
    /// Passed to every RUN when given on the command line, declared or not; never part of keys or history.
    package static let proxyNames = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap {
        [$0, $0.lowercased()]
    }

    package let buildArguments: [String: String]
    private var values: [String: String]
    private let expander: WordExpander

    package init(buildArguments: [String: String], platform: PlatformArguments, expander: WordExpander) {
        self.buildArguments = buildArguments
        self.expander = expander
        values = platform.variables
        for (name, value) in buildArguments where values[name] != nil { values[name] = value }
    }

    /// The value in FROM lines: of a declared argument or a platform argument.
    package subscript(name: String) -> String? { values[name] }

    /// Expands a word of a FROM line or of a global default.
    package func expand(_ word: Word) throws(ArgumentError) -> String {
        try expander.expand(word, lookup: { [values] in values[$0] })
    }

    /// Carries out a global ARG; each pair sees those before it, in this instruction too. A default that is overridden
    /// is not even looked at.
    package mutating func declare(_ instruction: ArgInstruction) throws(ArgumentError) {
        for pair in instruction.arguments {
            let name = try expand(pair.name)
            if let given = buildArguments[name] {
                values[name] = given
            } else if let value = pair.value {
                values[name] = try expand(value)
            }
        }
    }

    /// The base image or stage of a FROM line and its platform, expanded.
    package func resolve(_ from: FromInstruction) throws(ArgumentError) -> (image: String, platform: String?) {
        let image = try expand(from.image)
        guard !image.isEmpty else {
            throw ArgumentError(
                diagnostic: .error(
                    "the base name `\(from.image.text)` should not be blank", at: from.image.range,
                    hint: "give the argument a default, or pass it with --build-arg"))
        }
        guard let flag = from.platform else { return (image, nil) }
        let platform = try expand(flag.word)
        guard !platform.isEmpty else {
            throw ArgumentError(
                diagnostic: .error(
                    "the platform `\(flag.text)` is empty", at: flag.range, hint: platformHint(flag.text)))
        }
        return (image, platform)
    }

    private func platformHint(_ text: String) -> String {
        let name = text.filter { $0.isLetter || $0.isNumber || $0 == "_" }
        return Suggestion.hint(for: name, among: values.keys.sorted()) ?? "use $BUILDPLATFORM or $TARGETPLATFORM"
    }

    /// The names of build arguments that mean something only to an ARG, and are not among `known`.
    package func unusedArguments(besides known: Set<String>) -> [String] {
        let predefined = Set(Self.proxyNames + PlatformArguments.names + ["SOURCE_DATE_EPOCH"])
        return buildArguments.keys.sorted().filter { name in
            !known.contains(name) && !predefined.contains(name) && !name.hasPrefix("BUILDKIT_")
        }
    }

    /// The proxy variables to pass to a RUN: each in both cases, since programs differ in which they read.
    package var proxyEnvironment: [EnvironmentList.Variable] {
        Self.proxyNames.compactMap { name in
            let twin = name.first?.isUppercase == true ? name.lowercased() : name.uppercased()
            return (buildArguments[name] ?? buildArguments[twin]).map { .init(name: name, value: $0) }
        }
    }
}

/// A word that cannot be expanded, with its place in the file.
package struct ArgumentError: Error, Hashable, Sendable {
    package let diagnostic: Diagnostic
}

extension WordExpander {
    /// Expands a word of a file; the error knows its place.
    package func expand(
        _ word: Word, lookup: @escaping (String) -> String?
    ) throws(ArgumentError) -> String {
        do throws(ExpansionError) { return try expand(word.text, lookup: lookup) } catch {
            throw ArgumentError(diagnostic: error.diagnostic(in: word))
        }
    }
}
