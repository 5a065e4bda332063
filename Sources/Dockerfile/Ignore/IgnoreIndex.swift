/// Finds the last rule that matches a path without a look at each: most rules of long files name one path, or one name
/// at any depth.
struct IgnoreIndex {
    /// Shorter files are looked through as they are.
    static let minimumCount = 32

    /// The last rule of each plain path, and of each name behind `**/`.
    private var paths: [ArraySlice<UInt8>: Int] = [:]
    private var names: [ArraySlice<UInt8>: Int] = [:]
    /// The rules that must be tried, in their order.
    private var patterns: [(index: Int, pattern: GlobPattern)] = []

    init(_ rules: [IgnoreRule]) {
        for (index, rule) in rules.enumerated() {
            if let path = rule.pattern.literalPath {
                paths[Array(path.utf8)[...]] = index
            } else if let name = rule.pattern.literalName {
                names[name] = index
            } else {
                patterns.append((index, rule.pattern))
            }
        }
    }

    /// The last rule that matches the path or a directory above it.
    func lastMatch(for path: ArraySlice<UInt8>) -> Int? {
        var last = -1
        var start = path.startIndex
        while start <= path.endIndex {
            let end = path[start...].firstIndex(of: .slash) ?? path.endIndex
            last = max(last, paths[path[..<end]] ?? -1, names[path[start..<end]] ?? -1)
            start = end + 1
        }
        for (index, pattern) in patterns.reversed() {
            guard index > last else { break }
            if pattern.matchesPathOrParent(path) { return index }
        }
        return last < 0 ? nil : last
    }
}
