import Dockerfile

enum IgnoreFuzzing {
    static func run(_ input: [UInt8]) throws(BrokenPromise) {
        let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let separator = lines.firstIndex { $0.elementsEqual("--".utf8) } ?? lines.endIndex
        let patterns = Array(lines[..<separator].joined(separator: [UInt8(ascii: "\n")]))
        let ignore = IgnoreFile(patterns, name: ".dockerignore")
        for diagnostic in ignore.diagnostics.prefix(20) { _ = diagnostic.render(in: ignore.source) }
        let paths = separator < lines.endIndex ? Array(lines[(separator + 1)...]) : ["a/b/c".utf8.map { $0 }[...]]
        for path in paths.prefix(50) { try check(path, ignore) }
        for line in lines[..<separator].prefix(20) {
            for path in paths.prefix(20) { try compare(String(decoding: line, as: UTF8.self), path) }
        }
    }

    private static func check(_ path: ArraySlice<UInt8>, _ ignore: IgnoreFile) throws(BrokenPromise) {
        let decision = ignore.decision(for: path)
        try promise(decision.isExcluded == ignore.excludes(path), "two answers about one path")
        try promise(!decision.isExcluded || decision.rule?.isException == false, "excluded by nothing")
        // A directory that is not looked into holds nothing that is in.
        for (index, byte) in path.enumerated().prefix(200) where byte == UInt8(ascii: "/") && index > 0 {
            let parent = path[path.startIndex..<path.startIndex + index]
            if ignore.canSkip(directory: parent) {
                try promise(
                    decision.isExcluded, "`\(String(decoding: path, as: UTF8.self))` is skipped, but not excluded")
            }
        }
    }

    /// Compares with the plainest matcher there is.
    private static func compare(_ pattern: String, _ path: ArraySlice<UInt8>) throws(BrokenPromise) {
        guard pattern.utf8.count <= 40, path.count <= 60, path.allSatisfy({ $0 < 0x80 }),
            let reference = ReferencePattern(pattern), let glob = GlobPattern(pattern, doubleStar: .recursive)
        else { return }
        try promise(
            glob.matches(path) == reference.matches(Array(path)),
            "`\(pattern)` and `\(String(decoding: path, as: UTF8.self))` match for one matcher only")
    }
}

/// Patterns without classes and escapes, for paths of ASCII, by trying everything.
private struct ReferencePattern {
    private enum Token {
        case byte(UInt8)
        case anyByte
        case star
        case components
        case rest
    }

    private let tokens: [Token]

    init?(_ pattern: String) {
        let bytes = Array(pattern.utf8)
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && !"[]\\".utf8.contains($0) }) else { return nil }
        var tokens: [Token] = []
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "*") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "*"):
                index += 1
                let isEnding = index == 1 && !bytes[2...].contains { "*?".utf8.contains($0) }
                if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "/") {
                    index += 1
                    tokens.append(index + 1 < bytes.count ? .components : .rest)
                } else {
                    tokens.append(index + 1 < bytes.count && !isEnding ? .components : .rest)
                }
            case UInt8(ascii: "*"): tokens.append(.star)
            case UInt8(ascii: "?"): tokens.append(.anyByte)
            default: tokens.append(.byte(bytes[index]))
            }
            index += 1
        }
        self.tokens = tokens
    }

    func matches(_ path: [UInt8]) -> Bool {
        // What is left to match after each token, for every place in the path.
        var places = Set([0])
        for token in tokens {
            var next: Set<Int> = []
            for place in places {
                switch token {
                case .byte(let byte): if place < path.count, path[place] == byte { next.insert(place + 1) }
                case .anyByte: if place < path.count, path[place] != UInt8(ascii: "/") { next.insert(place + 1) }
                case .star:
                    let run = path[place...].prefix { $0 != UInt8(ascii: "/") }
                    next.formUnion(place...(place + run.count))
                case .components:
                    next.insert(place)
                    for index in place..<path.count where path[index] == UInt8(ascii: "/") { next.insert(index + 1) }
                case .rest: next.formUnion(place...path.count)
                }
            }
            places = next
        }
        return places.contains(path.count)
    }
}
