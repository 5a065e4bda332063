/// Values of expressions, on demand: a variable is evaluated when something asks for it, once. Whatever the files say,
/// an evaluation ends: steps, text and depth are bounded, functions do not recurse.
final class Evaluation {
    /// Names within a function or a `for`, which hide all others.
    struct Scope {
        var names: [String: Value] = [:]
        /// Of the splat around.
        var element: Value?
    }

    let definitions: Definitions
    let environment: BakeEnvironment
    private var variables: [String: Value] = [:]
    /// What is being evaluated: asking for it again is a cycle.
    private var active: [String] = []
    private var depth = 0
    private var steps = 0
    private var textLength = 0
    /// Targets by block: names that `matrix` gives, with its variables.
    var instances: [Int: [Definitions.Instance]] = [:]
    /// Attributes of targets and groups that were asked for.
    var attributes: [String: Value] = [:]

    static let depthLimit = 300
    static let textLimit = 32 << 20
    static let memberLimit = 4096

    init(_ definitions: Definitions, environment: BakeEnvironment) {
        self.definitions = definitions
        self.environment = environment
    }

    // MARK: Bounds

    /// Counts work; `place` is what is said to take too much of it.
    func spend(_ count: Int, at place: Place) throws {
        steps += count
        if steps > environment.stepLimit { throw BakeError("the evaluation takes too many steps", at: place) }
    }

    func spend(text count: Int, at place: Place) throws {
        textLength += count
        if textLength > Self.textLimit { throw BakeError("the evaluation makes too much text", at: place) }
    }

    /// Every value within counts: what shares its parts is cheap to make and dear to walk.
    func measured(_ value: Value, at place: Place, depth: Int = 0) throws -> Value {
        let parts: any Collection<Value>
        switch value {
        case .list(let values): parts = values
        case .object(let members):
            if members.count > Self.memberLimit {
                throw BakeError("the object has more than \(Self.memberLimit) members", at: place)
            }
            parts = members.values
        case .string(let text):
            try spend(text.utf8.count / 64, at: place)
            return value
        default: return value
        }
        try spend(parts.count, at: place)
        if depth > Expression.depthLimit {
            throw BakeError("the value is nested more than \(Expression.depthLimit) deep", at: place)
        }
        for part in parts { _ = try measured(part, at: place, depth: depth + 1) }
        return value
    }

    func descending<Result>(at place: Place, _ body: () throws -> Result) throws -> Result {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.depthLimit {
            throw BakeError("the evaluation is nested more than \(Self.depthLimit) deep", at: place)
        }
        return try body()
    }

    /// `name` is what a message calls it.
    func once<Result>(_ name: String, at place: Place, _ body: () throws -> Result) throws -> Result {
        if let start = active.firstIndex(of: name) {
            let cycle = (active[start...] + [name]).map { "`\($0)`" }.joined(separator: " → ")
            throw BakeError("\(cycle) is a cycle", at: place)
        }
        active.append(name)
        defer { active.removeLast() }
        return try body()
    }

    // MARK: Names

    /// The value of a name that no scope has.
    func global(_ name: String, at place: Place) throws -> Value {
        if let value = variables[name] { return value }
        if let value = environment.builtins[name] { return .string(value) }
        if name == "target" || name == "group" { return try allBlocks(name, at: place) }
        guard definitions.variables[name] != nil || definitions.attributes[name] != nil else {
            let known = Array(definitions.variables.keys) + definitions.attributes.keys + environment.builtins.keys
            throw BakeError(
                "there is no variable `\(name)`", at: place,
                hint: Spelling.hint(for: name, among: known) ?? "declare it: variable \"\(name)\" {}")
        }
        let value = try once(name, at: place) {
            try descending(at: place) { try measured(try variable(name, at: place), at: place) }
        }
        variables[name] = value
        return value
    }

    private func variable(_ name: String, at place: Place) throws -> Value {
        let declared = definitions.variables[name]
        let initial = definitions.attributes[name] ?? declared?.initial
        let type = declared?.type
        if declared != nil, let given = try environment.value(of: name) {
            return try VariableText(name: name, place: declared?.place ?? place).value(
                given, of: type ?? (try initial.map { ValueType(of: try self.value($0.value)) } ?? .string))
        }
        guard let initial else { return type == nil ? .string("") : .null }
        let value = try self.value(initial.value)
        guard let type, value != .null else { return value }
        return try type.convert(value, at: initial.value.place)
    }
}
