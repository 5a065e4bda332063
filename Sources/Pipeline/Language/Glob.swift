/// A pattern for ref names and paths: `*` and `?` stop at `/`, `**` does not, `**/` also matches no directory at all,
/// `[a-z]` and `[!a-z]` are sets, `\` takes the next character literally. Case matters.
///
/// Matching walks the name once with the set of reachable pattern positions: no name makes it slow.
package struct Glob: Hashable, Sendable {
    private enum Token: Hashable, Sendable {
        case literal(Unicode.Scalar)
        case anyScalar
        case anyRun
        case anyPath
        /// Skips the following `directories` or enters it.
        case optionalDirectories
        /// Consumes up to and including a `/`, any number of times.
        case directories
        case oneOf([ClosedRange<Unicode.Scalar>], negated: Bool)
    }

    package let pattern: String
    private let tokens: [Token]

    package init(_ pattern: String) throws(PipelineError) {
        self.pattern = pattern
        var tokens: [Token] = []
        var rest = pattern.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*":
                guard rest.first == "*" else {
                    tokens.append(.anyRun)
                    continue
                }
                rest = rest.drop { $0 == "*" }
                if rest.first == "/", tokens.isEmpty || tokens.last == .literal("/") {
                    rest.removeFirst()
                    tokens += [.optionalDirectories, .directories]
                } else {
                    tokens.append(.anyPath)
                }
            case "?": tokens.append(.anyScalar)
            case "[": tokens.append(try Self.set(&rest, in: pattern))
            case "\\":
                guard let next = rest.popFirst() else {
                    throw PipelineError(.invalidPattern, "pattern `\(pattern)` ends in a backslash")
                }
                tokens.append(.literal(next))
            default: tokens.append(.literal(scalar))
            }
        }
        guard !tokens.isEmpty else { throw PipelineError(.invalidPattern, "pattern is empty") }
        self.tokens = tokens
    }

    private static func set(
        _ rest: inout Substring.UnicodeScalarView, in pattern: String
    ) throws(PipelineError) -> Token {
        let negated = rest.first == "!" || rest.first == "^"
        if negated { rest.removeFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let low = rest.popFirst() {
            if low == "]", !ranges.isEmpty { return .oneOf(ranges, negated: negated) }
            guard rest.first == "-", let high = rest.dropFirst().first, high != "]" else {
                ranges.append(low...low)
                continue
            }
            guard low <= high else {
                throw PipelineError(.invalidPattern, "pattern `\(pattern)` has the empty range `\(low)-\(high)`")
            }
            rest.removeFirst(2)
            ranges.append(low...high)
        }
        throw PipelineError(.invalidPattern, "pattern `\(pattern)` has `[` without `]`")
    }

    /// What every matching name starts with.
    package var literalPrefix: String {
        var prefix = String.UnicodeScalarView()
        for case .literal(let scalar) in tokens.prefix(while: { if case .literal = $0 { true } else { false } }) {
            prefix.append(scalar)
        }
        return String(prefix)
    }

    /// Whether the pattern matches one name only.
    package var isLiteral: Bool {
        tokens.allSatisfy { if case .literal = $0 { true } else { false } }
    }

    package func matches(_ name: some StringProtocol) -> Bool {
        var reachable = [Bool](repeating: false, count: tokens.count + 1)
        reach(0, in: &reachable)
        for scalar in name.unicodeScalars {
            var next = [Bool](repeating: false, count: tokens.count + 1)
            var isAlive = false
            for position in tokens.indices where reachable[position] {
                for target in step(tokens[position], at: position, over: scalar) {
                    reach(target, in: &next)
                    isAlive = true
                }
            }
            guard isAlive else { return false }
            reachable = next
        }
        return reachable[tokens.count]
    }

    /// Marks `position` and all that follows from it without consuming anything.
    private func reach(_ position: Int, in reachable: inout [Bool]) {
        guard !reachable[position] else { return }
        reachable[position] = true
        guard position < tokens.count else { return }
        switch tokens[position] {
        case .anyRun, .anyPath: reach(position + 1, in: &reachable)
        case .optionalDirectories:
            reach(position + 1, in: &reachable)
            reach(position + 2, in: &reachable)
        default: break
        }
    }

    private func step(_ token: Token, at position: Int, over scalar: Unicode.Scalar) -> [Int] {
        switch token {
        case .literal(let expected): expected == scalar ? [position + 1] : []
        case .anyScalar: scalar != "/" ? [position + 1] : []
        case .anyRun: scalar != "/" ? [position] : []
        case .anyPath: [position]
        case .optionalDirectories: []
        case .directories: scalar == "/" ? [position, position + 1] : [position]
        case .oneOf(let ranges, let negated):
            scalar != "/" && ranges.contains { $0.contains(scalar) } != negated ? [position + 1] : []
        }
    }
}

/// Patterns where a later one overrides the earlier: `["release/*", "!release/old-*"]`.
package struct PatternList: Hashable, Sendable {
    private struct Rule: Hashable, Sendable {
        let glob: Glob
        let includes: Bool
    }

    private let rules: [Rule]

    /// A leading `!` excludes. At least one pattern must include.
    package init(_ patterns: [String]) throws(PipelineError) {
        var rules: [Rule] = []
        for pattern in patterns {
            let excludes = pattern.hasPrefix("!")
            rules.append(Rule(glob: try Glob(excludes ? String(pattern.dropFirst()) : pattern), includes: !excludes))
        }
        guard rules.contains(where: \.includes) else {
            throw PipelineError(.invalidPattern, "needs a pattern without `!`: nothing is included otherwise")
        }
        self.rules = rules
    }

    package func matches(_ name: some StringProtocol) -> Bool {
        rules.last { $0.glob.matches(name) }?.includes ?? false
    }

    /// Prefixes that together cover every matching name.
    package var literalPrefixes: [String] {
        Set(rules.filter(\.includes).map(\.glob.literalPrefix)).sorted()
    }

    /// The names written out without wildcards, in order.
    package var literals: [String] {
        rules.filter { $0.includes && $0.glob.isLiteral }.map(\.glob.literalPrefix)
    }
}
