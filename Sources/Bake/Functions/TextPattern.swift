// The syntax of regular expressions: https://github.com/google/re2/wiki/Syntax, without Unicode classes by name.

/// A regular expression, matched in time linear in the text whatever the expression says: all ways through it are
/// followed side by side.
struct TextPattern {
    indirect enum Node {
        case empty
        case set(CharacterSet)
        case sequence([Node])
        case choice([Node])
        /// A group with a number is kept.
        case group(Node, Int)
        case `repeat`(Node, Int, Int?, isGreedy: Bool)
        case lineStart, lineEnd, textStart, textEnd, wordEdge, noWordEdge
    }

    struct CharacterSet {
        var ranges: [ClosedRange<UInt32>] = []
        var isNegated = false

        func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } != isNegated }
    }

    enum Instruction {
        case set(CharacterSet)
        /// The first is preferred.
        case split(Int, Int)
        case jump(Int)
        case save(Int)
        case check(Node)
        case match
    }

    let program: [Instruction]
    let groupCount: Int
    /// By number; nil for those without a name.
    let names: [String?]

    static let programLimit = 4096

    init(_ text: String) throws(PatternError) {
        var parser = PatternParser(text)
        let node = try parser.pattern()
        groupCount = parser.names.count
        names = parser.names
        var compiler = PatternCompiler()
        try compiler.add(.group(node, 0))
        program = compiler.program + [.match]
    }

    // MARK: Matching

    private struct Thread {
        var position: Int
        var saved: [Int]
    }

    /// Offsets of the whole and of the groups in `text`, -1 where a group took no part; nil if there is no match from
    /// `start` on. `spend` is told of the work, and ends it by throwing.
    func match(in text: [UInt32], from start: Int, spend: (Int) throws -> Void) rethrows -> [Int]? {
        var threads: [Thread] = []
        var found: [Int]?
        for index in start...text.count {
            var seen = [Bool](repeating: false, count: program.count)
            var current: [Thread] = []
            for thread in threads { follow(thread, text, index, &seen, &current) }
            if found == nil {
                let first = Thread(position: 0, saved: [Int](repeating: -1, count: (groupCount + 1) * 2))
                follow(first, text, index, &seen, &current)
            }
            threads = []
            try spend(1 + current.count + program.count / 16)
            for thread in current {
                switch program[thread.position] {
                case .match: found = thread.saved
                case .set(let set):
                    if index < text.count, set.contains(text[index]) {
                        threads.append(Thread(position: thread.position + 1, saved: thread.saved))
                    }
                    continue
                default: continue
                }
                // What is less preferred than a match is dropped.
                break
            }
            if threads.isEmpty, found != nil { break }
        }
        return found
    }

    /// Adds the threads that wait for a character, in the order of preference.
    private func follow(
        _ start: Thread, _ text: [UInt32], _ index: Int, _ seen: inout [Bool], _ threads: inout [Thread]
    ) {
        var stack = [start]
        while var thread = stack.popLast() {
            if seen[thread.position] { continue }
            seen[thread.position] = true
            switch program[thread.position] {
            case .set, .match: threads.append(thread)
            case .jump(let target):
                thread.position = target
                stack.append(thread)
            case .split(let first, let second):
                stack.append(Thread(position: second, saved: thread.saved))
                thread.position = first
                stack.append(thread)
            case .save(let slot):
                thread.saved[slot] = index
                thread.position += 1
                stack.append(thread)
            case .check(let condition):
                guard Self.holds(condition, text, index) else { continue }
                thread.position += 1
                stack.append(thread)
            }
        }
    }

    private static func holds(_ condition: Node, _ text: [UInt32], _ index: Int) -> Bool {
        func isWord(_ index: Int) -> Bool {
            text.indices.contains(index) && PatternParser.wordSet.contains(text[index])
        }
        switch condition {
        case .textStart: return index == 0
        case .textEnd: return index == text.count
        case .lineStart: return index == 0 || text[index - 1] == 10
        case .lineEnd: return index == text.count || text[index] == 10
        case .wordEdge: return isWord(index - 1) != isWord(index)
        case .noWordEdge: return isWord(index - 1) == isWord(index)
        default: return true
        }
    }
}

struct PatternError: Error {
    let message: String
}

/// Nodes as instructions.
struct PatternCompiler {
    private(set) var program: [TextPattern.Instruction] = []

    private mutating func append(_ instruction: TextPattern.Instruction) throws(PatternError) {
        guard program.count < TextPattern.programLimit else {
            throw PatternError(message: "the expression is too large")
        }
        program.append(instruction)
    }

    mutating func add(_ node: TextPattern.Node) throws(PatternError) {
        switch node {
        case .empty: break
        case .set(let set): try append(.set(set))
        case .sequence(let nodes): for node in nodes { try add(node) }
        case .choice(let nodes): try addChoice(nodes)
        case .group(let node, let number):
            try append(.save(number * 2))
            try add(node)
            try append(.save(number * 2 + 1))
        case .repeat(let node, let low, let high, let isGreedy):
            for _ in 0..<low {
                let before = program.count
                try add(node)
                // Nothing, however often.
                if program.count == before { break }
            }
            guard let high else { return try addLoop(node, isGreedy) }
            var splits: [Int] = []
            for _ in low..<max(low, high) {
                splits.append(program.count)
                try append(.jump(0))
                try add(node)
            }
            for split in splits { program[split] = Self.split(split + 1, program.count, isGreedy) }
        default: try append(.check(node))
        }
    }

    private mutating func addChoice(_ nodes: [TextPattern.Node]) throws(PatternError) {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            let split = program.count
            if index < nodes.count - 1 { try append(.jump(0)) }
            try add(node)
            guard index < nodes.count - 1 else { break }
            jumps.append(program.count)
            try append(.jump(0))
            program[split] = .split(split + 1, program.count)
        }
        for jump in jumps { program[jump] = .jump(program.count) }
    }

    private mutating func addLoop(_ node: TextPattern.Node, _ isGreedy: Bool) throws(PatternError) {
        let split = program.count
        try append(.jump(0))
        try add(node)
        try append(.jump(split))
        program[split] = Self.split(split + 1, program.count, isGreedy)
    }

    private static func split(_ body: Int, _ end: Int, _ isGreedy: Bool) -> TextPattern.Instruction {
        isGreedy ? .split(body, end) : .split(end, body)
    }
}
