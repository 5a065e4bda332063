// The functions of bake: https://docs.docker.com/build/bake/stdlib/

/// A function that is there without being defined.
struct Builtin: Sendable {
    let parameters: ClosedRange<Int>
    let body: @Sendable (Call) throws -> Value

    init(_ parameters: ClosedRange<Int>, _ body: @escaping @Sendable (Call) throws -> Value) {
        self.parameters = parameters
        self.body = body
    }

    init(_ count: Int, _ body: @escaping @Sendable (Call) throws -> Value) { self.init(count...count, body) }

    init(atLeast count: Int, _ body: @escaping @Sendable (Call) throws -> Value) { self.init(count...Int.max, body) }

    static let all: [String: Builtin] = [numbers, comparisons, texts, lists, sets, objects, encodings, patterns]
        .reduce(into: [:]) { $0.merge($1) { $1 } }

    private static let networks = "nothing in a build needs the addresses of networks"

    /// What other builders have and this one has not.
    static let refused = [
        "uuidv4": "its result is another one each time, so that no build could be repeated",
        "bcrypt": "its result is another one each time, so that no build could be repeated",
        "rsadecrypt": "give the build a secret instead",
        "cidrhost": networks, "cidrnetmask": networks, "cidrsubnet": networks, "cidrsubnets": networks,
    ]
}

/// A call of a builtin function: arguments in the kinds it wants, mistakes said at the argument.
struct Call {
    let name: String
    let arguments: [Value]
    let places: [Place]
    let place: Place
    let evaluation: Evaluation

    var count: Int { arguments.count }

    subscript(index: Int) -> Value { arguments[index] }

    func checkCount(_ allowed: ClosedRange<Int>) throws {
        guard !allowed.contains(count) else { return }
        let wanted =
            allowed.upperBound == .max
            ? "\(allowed.lowerBound) or more"
            : allowed.lowerBound == allowed.upperBound
                ? "\(allowed.lowerBound)" : "\(allowed.lowerBound) to \(allowed.upperBound)"
        throw BakeError("`\(name)` takes \(wanted) arguments, not \(count)", at: place)
    }

    func error(_ message: String, _ index: Int? = nil) -> BakeError {
        BakeError("\(name): \(message)", at: index.map { places[$0] } ?? place)
    }

    private func refusal(_ index: Int, _ wanted: String) -> BakeError {
        error("argument \(index + 1) is \(arguments[index].kind), not \(wanted)", index)
    }

    // MARK: Kinds

    func text(_ index: Int) throws -> String {
        guard let text = arguments[index].text else { throw refusal(index, "a string") }
        return text
    }

    func number(_ index: Int) throws -> Number {
        guard let number = arguments[index].asNumber else { throw refusal(index, "a number") }
        return number
    }

    func int(_ index: Int) throws -> Int {
        guard let int = try number(index).int else { throw refusal(index, "a whole number") }
        return int
    }

    func bool(_ index: Int) throws -> Bool {
        guard let bool = arguments[index].asBool else { throw refusal(index, "a bool") }
        return bool
    }

    func list(_ index: Int) throws -> [Value] {
        guard case .list(let values) = arguments[index] else { throw refusal(index, "a list") }
        return values
    }

    func object(_ index: Int) throws -> [String: Value] {
        guard case .object(let members) = arguments[index] else { throw refusal(index, "an object") }
        return members
    }

    func texts(_ index: Int) throws -> [String] {
        try list(index).map { value in
            guard let text = value.text else { throw error("an element of the list is \(value.kind)", index) }
            return text
        }
    }

    /// Counts the text that a function makes.
    func made(_ text: String) throws -> Value {
        try evaluation.spend(text: text.utf8.count, at: place)
        return .string(text)
    }

    /// Before it makes that much.
    func will(make length: Int) throws { try evaluation.spend(text: length, at: place) }

    /// Counts the elements before a list of them is made.
    func will(makeElements count: Int) throws { try evaluation.spend(count, at: place) }
}
