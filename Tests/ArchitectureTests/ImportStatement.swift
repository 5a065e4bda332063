import Foundation

/// One `import` line of a Swift file: attributes, access level and the kind of a scoped import are left out.
struct ImportStatement: Equatable {
    let module: String
    let line: Int

    /// The imports of a file, without those inside comments and multi-line strings.
    static func parse(_ source: String) -> [ImportStatement] {
        var found: [ImportStatement] = []
        var isInsideString = false
        var commentDepth = 0
        for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let skipped = isInsideString || commentDepth > 0
            if !count("\"\"\"", in: line).isMultiple(of: 2) { isInsideString.toggle() }
            if !isInsideString { commentDepth += count("/*", in: line) - count("*/", in: line) }
            guard !skipped, line.contains("import "), let module = module(in: line) else { continue }
            found.append(ImportStatement(module: module, line: index + 1))
        }
        return found
    }

    private static func count(_ mark: String, in line: Substring) -> Int {
        line.components(separatedBy: mark).count - 1
    }

    private static func module(in line: Substring) -> String? {
        let attributes = /\s*(?:@\w+(?:\([^)]*\))?\s+)*/
        let access = /(?:(?:public|package|internal|fileprivate|private)\s+)?/
        let kind = /(?:(?:struct|class|enum|protocol|typealias|func|let|var|actor)\s+)?/
        guard let head = line.prefixMatch(of: attributes) else { return nil }
        var rest = line[head.range.upperBound...]
        if let match = rest.prefixMatch(of: access) { rest = rest[match.range.upperBound...] }
        guard let keyword = rest.prefixMatch(of: /import\s+/) else { return nil }
        rest = rest[keyword.range.upperBound...]
        if let match = rest.prefixMatch(of: kind) { rest = rest[match.range.upperBound...] }
        return rest.prefixMatch(of: /\w+/).map { String($0.output) }
    }
}
