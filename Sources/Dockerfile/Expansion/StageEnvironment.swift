/// The variables of a stage at one point: what words expand to, what a RUN gets, what the image keeps.
///
/// A value: a stage built FROM another one starts with a copy of its parent's, declarations and all.
package struct StageEnvironment: Sendable {
    /// What the image configuration keeps as `Env`.
    package private(set) var image: EnvironmentList
    /// The environment of a RUN without proxies: image variables and arguments in order, the later setting wins.
    package private(set) var run: EnvironmentList
    /// Declared arguments with their values, for the history of a RUN.
    private var declared = EnvironmentList()
    private let globals: GlobalArguments
    private let expander: WordExpander

    package init(image: EnvironmentList, globals: GlobalArguments, expander: WordExpander) {
        self.image = image
        self.globals = globals
        self.expander = expander
        run = image
    }

    /// The value of a variable in this stage's words; nil when it is not set.
    package subscript(name: String) -> String? { run[name] }

    package var lookup: (String) -> String? { { [run] in run[$0] } }

    /// Whether an ARG names the variable, be it set or not.
    func declares(_ name: String) -> Bool { declared[name] != nil }

    /// Whether a build argument takes the place of defaults.
    func isGiven(_ name: String) -> Bool { globals.buildArguments[name] != nil }

    /// Every variable that words can use.
    var names: some Sequence<String> {
        run.variables.lazy.map(\.name) + declared.variables.lazy.map(\.name).filter { run[$0] == nil }
    }

    package func expand(_ word: Word) throws(ArgumentError) -> String {
        try expander.expand(word, lookup: lookup)
    }

    /// Arguments that say something to the builder and are no variables.
    private static let builderArguments: Set<String> = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]

    /// ARG: pairs take effect one after the other. The value is the build argument, else the default, else the global
    /// value; an argument with none of them stays as it was. Returns the arguments as history shows them.
    @discardableResult
    package mutating func declare(_ instruction: ArgInstruction) throws(ArgumentError) -> [String] {
        var shown: [String] = []
        for pair in instruction.arguments {
            let name = try expand(pair.name)
            guard !name.isEmpty else {
                throw ArgumentError(diagnostic: .error("the argument's name is empty", at: pair.name.range))
            }
            let value: String?
            if let given = globals.buildArguments[name] {
                value = given
            } else if let word = pair.value {
                value = try expand(word)
            } else {
                value = globals[name]
            }
            if let value, !Self.builderArguments.contains(name) { run[name] = value }
            if value != nil || declared[name] == nil { declared[name] = value ?? "" }
            shown.append(value.map { "\(name)=\($0)" } ?? name)
        }
        return shown
    }

    /// ENV: all words see the environment before the instruction. Returns the expanded pairs, as history shows them.
    @discardableResult
    package mutating func set(_ instruction: EnvInstruction) throws(ArgumentError) -> [EnvironmentList.Variable] {
        let pairs = try expandedPairs(instruction)
        for pair in pairs {
            image[pair.name] = pair.value
            run[pair.name] = pair.value
        }
        return pairs
    }

    /// The pairs of ENV or LABEL with names and values expanded.
    package func expandedPairs(_ instruction: EnvInstruction) throws(ArgumentError) -> [EnvironmentList.Variable] {
        var pairs: [EnvironmentList.Variable] = []
        for pair in instruction.pairs {
            let name = try expand(pair.name)
            guard !name.isEmpty else {
                throw ArgumentError(diagnostic: .error("the name is empty", at: pair.name.range))
            }
            pairs.append(EnvironmentList.Variable(name: name, value: try expand(pair.value)))
        }
        return pairs
    }

    /// `|N a=b c=d`, which history puts before the command of a RUN: every declared argument with what the command sees
    /// of it. nil without arguments.
    package var historyPrefix: String? {
        guard !declared.isEmpty else { return nil }
        let arguments = declared.variables.map { "\($0.name)=\(run[$0.name] ?? $0.value)" }
        return (["|\(arguments.count)"] + arguments).joined(separator: " ")
    }

    /// Proxy variables for a RUN that are neither declared nor set here, and so belong to no key and no history.
    package var undeclaredProxies: [EnvironmentList.Variable] {
        globals.proxyEnvironment.filter { run[$0.name] == nil }
    }
}
