/// The targets that were asked for, with all they inherit and what the command line changes, and the targets they start
/// from.
package struct BakeSelection: Sendable {
    /// What was asked for first, in the order of the names; then what those start from.
    package private(set) var targets: [BakeTarget] = []
    /// The groups among the names, and `default`: all names.
    package private(set) var groups: [BakeGroup] = []
    private let definition: BakeDefinition
    private let overrides: BakeOverrides
    private var resolved: [String: BakeTarget] = [:]

    /// `names` may have wildcards; without any it is `default`. Throws `BakeError`.
    package init(_ names: [String], of definition: BakeDefinition, overrides settings: [String] = []) throws {
        self.definition = definition
        overrides = try BakeOverrides(settings, of: definition, environment: definition.environment.variables)
        let names = names.isEmpty ? ["default"] : names.map(TargetName.sanitized)
        var found: [String] = []
        var groups: [String: BakeGroup] = [:]
        for name in names {
            var visited: Set<String> = []
            for name in try matches(of: name, at: nil) {
                found += try members(of: name, &groups, &visited, at: nil)
            }
        }
        for name in found.distinct() { targets.append(try target(name, at: nil)) }
        try addLinked()
        addDefault(names, &groups)
        self.groups = groups.inOrder.map(\.value)
    }

    private func addDefault(_ names: [String], _ groups: inout [String: BakeGroup]) {
        let others = names.filter { $0 != "default" }
        guard !others.isEmpty else { return }
        let listed = (groups["default"]?.targets ?? []) + others
        groups["default", default: BakeGroup(name: "default", targets: [])].targets = listed.distinct().inOrder()
    }

    // MARK: Names

    private var knownNames: [String] { definition.targetNames + definition.groups.keys.inOrder() }

    private func matches(of pattern: String, at place: Place?) throws -> [String] {
        if definition.targets[pattern] != nil || definition.groups[pattern] != nil { return [pattern] }
        let names = NamePattern.isPattern(pattern) ? knownNames.filter { NamePattern.matches(pattern, $0) } : []
        guard names.isEmpty else { return names }
        if pattern == "default" {
            throw BakeError(
                "there is neither a target nor a group `default`",
                hint: knownNames.isEmpty
                    ? "the files define no targets"
                    : "name what to build: \(knownNames.prefix(8).joined(separator: ", "))")
        }
        throw BakeError(
            "there is no target `\(pattern)`", at: place, hint: Spelling.hint(for: pattern, among: knownNames))
    }

    /// Targets below a name, each group once.
    private func members(
        of name: String, _ groups: inout [String: BakeGroup], _ visited: inout Set<String>, at place: Place?
    ) throws -> [String] {
        guard let group = definition.groups[name], visited.insert(name).inserted else {
            return definition.targets[name] != nil ? [name] : []
        }
        groups[name] = group
        var names: [String] = []
        for member in group.targets {
            for name in try matches(of: member, at: group.place) {
                names += try members(of: name, &groups, &visited, at: group.place)
            }
        }
        return names
    }

    // MARK: Inheritance

    private mutating func target(_ name: String, at place: Place?) throws -> BakeTarget {
        var path: [String] = []
        var target = try inherited(name, &path, at: place)
        target.attributes[.inherits] = nil
        if target.text(.context) == nil { target.set(.context, .text(".")) }
        if target.text(.dockerfile)?.isEmpty ?? true { target.set(.dockerfile, .text("Dockerfile")) }
        return target
    }

    /// `path` are the targets that lead here.
    private mutating func inherited(
        _ name: String, _ path: inout [String], at place: Place?
    ) throws -> BakeTarget {
        if let known = resolved[name] { return known }
        guard let own = definition.targets[name] else {
            throw BakeError(
                "there is no target `\(name)`", at: place,
                hint: Spelling.hint(for: name, among: definition.targetNames))
        }
        if let start = path.firstIndex(of: name) {
            let cycle = (path[start...] + [name]).map { "`\($0)`" }.joined(separator: " → ")
            throw BakeError("a target inherits itself: \(cycle)", at: place)
        }
        guard path.count < Expression.depthLimit else {
            throw BakeError("targets inherit more than \(Expression.depthLimit) deep", at: place)
        }
        path.append(name)
        var target = BakeTarget(name: name)
        for parent in own.texts(.inherits) {
            target.merge(try inherited(parent, &path, at: own.attributes[.inherits]?.place))
        }
        path.removeLast()
        target.merge(own)
        try overrides.apply(to: &target)
        target.normalize()
        resolved[name] = target
        return target
    }

    // MARK: Links

    /// Targets that stand in as named contexts, before what starts from them is known to be free of cycles.
    private mutating func addLinked() throws {
        var seen = Set(targets.map(\.name))
        var next = 0
        while next < targets.count {
            let target = targets[next]
            next += 1
            for (name, place) in Self.links(of: target) where seen.insert(name).inserted {
                var linked = try self.target(name, at: place)
                linked.isLinked = true
                if let output = try OptionFields("type=cacheonly", of: .output) {
                    linked.set(.output, .fields([output]))
                }
                targets.append(linked)
            }
        }
        let known = Dictionary(targets.map { ($0.name, $0) }) { first, _ in first }
        var done: Set<String> = []
        for target in targets {
            var path: [String] = []
            try checkLinks(target.name, of: known, &path, &done, at: nil)
        }
    }

    private static func links(of target: BakeTarget) -> [(name: String, place: Place?)] {
        target.links.inOrder.map { ($0.value, target.attributes[.contexts]?.place) }
    }

    private func checkLinks(
        _ name: String, of known: [String: BakeTarget], _ path: inout [String], _ done: inout Set<String>,
        at place: Place?
    ) throws {
        if done.contains(name) { return }
        if let start = path.firstIndex(of: name) {
            let cycle = (path[start...] + [name]).map { "`\($0)`" }.joined(separator: " → ")
            throw BakeError("targets start from each other: \(cycle)", at: place)
        }
        guard let target = known[name] else { return }
        guard path.count < Expression.depthLimit else {
            throw BakeError("targets start from each other more than \(Expression.depthLimit) deep", at: place)
        }
        path.append(name)
        for link in Self.links(of: target) {
            let other = known[link.name]?.texts(.platforms) ?? []
            let own = target.texts(.platforms)
            if own.count > 1, other.count > 1, let missing = own.first(where: { !other.contains($0) }) {
                throw BakeError(
                    "`\(name)` is for \(missing), and `\(link.name)`, which it uses, is not", at: link.place)
            }
            try checkLinks(link.name, of: known, &path, &done, at: link.place)
        }
        path.removeLast()
        done.insert(name)
    }
}

extension BakeTarget {
    /// Named contexts that are other targets.
    package var links: [String: String] {
        map(.contexts).filter { $0.value.hasPrefix("target:") }.mapValues { String($0.dropFirst("target:".count)) }
    }
}

/// `*`, `?` and `[…]` in names of targets.
enum NamePattern {
    static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    static func matches(_ pattern: String, _ name: String) -> Bool {
        let pattern = Array(pattern.utf8)
        let name = Array(name.utf8)
        var position = 0
        var index = 0
        /// After the last star, and what it has taken so far.
        var star: (position: Int, index: Int)?
        while index < name.count {
            if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
                star = (position + 1, index)
                position += 1
            } else if let length = length(of: pattern[position...], matching: name[index]) {
                position += length
                index += 1
            } else if let last = star {
                star = (last.position, last.index + 1)
                (position, index) = (last.position, last.index + 1)
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Of the pattern's next part, if it takes `byte`.
    private static func length(of pattern: ArraySlice<UInt8>, matching byte: UInt8) -> Int? {
        guard let first = pattern.first else { return nil }
        if first == UInt8(ascii: "?") || first == byte { return 1 }
        guard first == UInt8(ascii: "["), let end = pattern.firstIndex(of: UInt8(ascii: "]")) else { return nil }
        var set = pattern[(pattern.startIndex + 1)..<end]
        let isNegated = set.first == UInt8(ascii: "^")
        if isNegated { set = set.dropFirst() }
        var found = false
        var index = set.startIndex
        while index < set.endIndex {
            if index + 2 < set.endIndex, set[index + 1] == UInt8(ascii: "-") {
                if set[index] <= byte, byte <= set[index + 2] { found = true }
                index += 3
            } else {
                if set[index] == byte { found = true }
                index += 1
            }
        }
        return found != isNegated ? end - pattern.startIndex + 1 : nil
    }
}
