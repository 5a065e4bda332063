// The verbs of `format`: https://pkg.go.dev/github.com/zclconf/go-cty/cty/function/stdlib#Format

import OCI

/// `%[flags][width][.precision]verb`, with `%[n]` for the n-th argument.
struct TextFormat {
    private struct Verb {
        var argument: Int
        var letter: Character
        var flags: Set<Character> = []
        var width = 0
        var precision: Int?
    }

    private enum Part {
        case text(String)
        case verb(Verb)
    }

    private let parts: [Part]
    private let call: Call
    private static let widthLimit = 1024

    init(_ format: String, _ call: Call) throws {
        self.call = call
        var parts: [Part] = []
        var rest = format[...]
        var next = 0
        while let percent = rest.firstIndex(of: "%") {
            parts.append(.text(String(rest[..<percent])))
            rest = rest[rest.index(after: percent)...]
            if rest.first == "%" {
                rest.removeFirst()
                parts.append(.text("%"))
                continue
            }
            parts.append(.verb(try Self.verb(&rest, &next, call)))
        }
        self.parts = parts + [.text(String(rest))]
    }

    private static func verb(_ rest: inout Substring, _ next: inout Int, _ call: Call) throws -> Verb {
        var verb = Verb(argument: next, letter: "v")
        while let first = rest.first, "+-# 0".contains(first) { verb.flags.insert(rest.removeFirst()) }
        verb.width = try number(&rest, call) ?? 0
        if rest.first == "." {
            rest.removeFirst()
            verb.precision = try number(&rest, call) ?? 0
        }
        if rest.first == "[" {
            rest.removeFirst()
            guard let index = try number(&rest, call), index > 0, rest.popFirst() == "]" else {
                throw call.error("`[` in the format needs a number from 1 on and `]`", 0)
            }
            verb.argument = index - 1
        }
        guard let letter = rest.popFirst() else { throw call.error("the format ends within a verb", 0) }
        guard "vtbcdoxXefEgGsq#".contains(letter) else { throw call.error("unknown verb `%\(letter)`", 0) }
        verb.letter = letter
        next = verb.argument + 1
        return verb
    }

    private static func number(_ rest: inout Substring, _ call: Call) throws -> Int? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest[digits.endIndex...]
        guard !digits.isEmpty else { return nil }
        guard let number = Int(digits), number <= widthLimit else {
            throw call.error("a number in the format is larger than \(widthLimit)", 0)
        }
        return number
    }

    // MARK: Writing

    func text(_ arguments: [Value]) throws -> String {
        var used: Set<Int> = []
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .verb(let verb):
                guard arguments.indices.contains(verb.argument) else {
                    throw call.error("the format asks for \(verb.argument + 1) values, there are \(arguments.count)")
                }
                used.insert(verb.argument)
                result += padded(try text(of: arguments[verb.argument], verb), verb)
            }
        }
        if let unused = arguments.indices.first(where: { !used.contains($0) }) {
            throw call.error("the format does not use value \(unused + 1)", unused + 1)
        }
        return result
    }

    /// One text for each element of the lists among the arguments; what is no list is repeated.
    func list() throws -> Value {
        let arguments = Array(call.arguments.dropFirst())
        let counts = arguments.compactMap { value -> Int? in
            if case .list(let values) = value { return values.count }
            return nil
        }
        guard Set(counts).count <= 1 else { throw call.error("the lists have different lengths") }
        let texts = try (0..<(counts.first ?? 1)).map { index in
            try call.made(
                try text(
                    arguments.map { value in
                        if case .list(let values) = value { return values[index] }
                        return value
                    }))
        }
        return .list(texts)
    }

    private func text(of value: Value, _ verb: Verb) throws -> String {
        switch verb.letter {
        case "v": return value.text ?? value.json.lineText
        case "s":
            guard let text = value.text else { throw call.error("%s is for text, not \(value.kind)") }
            return verb.precision.map { String(text.prefix($0)) } ?? text
        case "q": return Value.string(value.text ?? value.json.lineText).json.lineText
        case "t":
            guard let bool = value.asBool else { throw call.error("%t is for a bool, not \(value.kind)") }
            return bool ? "true" : "false"
        case "#": return value.json.lineText
        default: break
        }
        guard let number = value.asNumber else {
            throw call.error("%\(verb.letter) is for a number, not \(value.kind)")
        }
        let isNegative = number < .whole(0)
        let digits = try magnitude(of: number, verb)
        return (isNegative ? "-" : verb.flags.contains("+") ? "+" : verb.flags.contains(" ") ? " " : "") + digits
    }

    private func magnitude(of number: Number, _ verb: Verb) throws -> String {
        let radix: [Character: Int] = ["b": 2, "d": 10, "o": 8, "x": 16, "X": 16, "c": 0]
        if let radix = radix[verb.letter] {
            guard let whole = number.int else { throw call.error("%\(verb.letter) is for a whole number") }
            if verb.letter == "c" {
                return UInt32(exactly: whole).flatMap(Unicode.Scalar.init).map { String(Character($0)) } ?? "\u{FFFD}"
            }
            return String(whole.magnitude, radix: radix, uppercase: verb.letter == "X")
        }
        let value = abs(number.double)
        switch verb.letter {
        case "f": return fixed(value, verb.precision ?? 6)
        case "e", "E":
            var (mantissa, exponent) = (value, 0)
            while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
            while mantissa > 0, mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
            let digits = String(abs(exponent))
            return fixed(mantissa, verb.precision ?? 6) + String(verb.letter) + (exponent < 0 ? "-" : "+")
                + (digits.count < 2 ? "0" : "") + digits
        default: return Number(value)?.description ?? "0"
        }
    }

    private func fixed(_ value: Double, _ precision: Int) -> String {
        let precision = min(precision, 17)
        let scale = RealMath.power(10, Double(precision))
        let scaled = (value * scale).rounded(.toNearestOrEven)
        guard scaled < 9e15 else { return Number(value)?.description ?? "0" }
        let digits = String(Int64(scaled))
        let padded = String(repeating: "0", count: max(0, precision + 1 - digits.count)) + digits
        return precision == 0 ? padded : padded.dropLast(precision) + "." + padded.suffix(precision)
    }

    private func padded(_ text: String, _ verb: Verb) -> String {
        let missing = verb.width - text.count
        guard missing > 0 else { return text }
        if verb.flags.contains("-") { return text + String(repeating: " ", count: missing) }
        guard verb.flags.contains("0") else { return String(repeating: " ", count: missing) + text }
        let sign = text.prefix { $0 == "-" || $0 == "+" }
        return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
    }
}
