/// A path pattern: `*`, `?` and `[a-z]` within one component, `\` before a literal character, and where asked for `**`
/// across components. Paths are relative, without `.` components and without a slash at the end.
package struct GlobPattern: Hashable, Sendable {
    /// What `**` means.
    package enum DoubleStar: Sendable {
        /// The same as `*`, as in sources of COPY.
        case single
        /// Any number of whole components, as in ignore files and with `COPY --parents`.
        case recursive
    }

    enum Element: Hashable, Sendable {
        case byte(UInt8)
        case anyCharacter
        case set(CharacterClass)
        case star
        /// `**` before something: no, one or more whole components with their slash.
        case components
        /// `**` at the end: everything.
        case rest
    }

    package let text: String
    private let elements: [Element]
    /// The bytes every match begins with.
    private let prefix: [UInt8]
    /// No match has fewer bytes.
    private let minimumLength: Int
    /// Whether every `**` stands at the beginning of a component, so that what it takes does not depend on stars
    /// before it.
    private let isAligned: Bool
    /// Of `**.log`: what every match ends with, whatever comes before it.
    private let suffix: [UInt8]?

    /// Nil when a bracket is open or an escape stands at the end.
    package init?(_ text: String, doubleStar: DoubleStar = .single) {
        var parser = GlobParser(Array(text.utf8), doubleStar: doubleStar)
        guard let elements = parser.parse() else { return nil }
        self.text = text
        self.elements = elements
        prefix = elements.prefix(while: \.isByte).compactMap(\.byte)
        minimumLength = elements.count { ![.star, .components, .rest].contains($0) }
        isAligned = elements.indices.allSatisfy { index in
            elements[index] != .components || index == 0 || elements[index - 1] == .byte(.slash)
        }
        suffix = doubleStar == .recursive ? Self.suffix(text) : nil
    }

    /// Two stars at the beginning take part of a name too, if no other sign follows.
    private static func suffix(_ text: String) -> [UInt8]? {
        guard text.utf8.starts(with: "**".utf8) else { return nil }
        let rest = text.utf8.dropFirst(2)
        guard let first = rest.first, first != .slash, !rest.contains(where: { "*?[]\\".utf8.contains($0) }) else {
            return nil
        }
        return Array(rest)
    }

    /// Whether the pattern is a plain path.
    package var isLiteral: Bool { prefix.count == elements.count }

    /// The path a literal pattern stands for, escapes removed.
    package var literalPath: String? { isLiteral ? prefix.text : nil }

    /// The name of one file or directory that a pattern `**/name` stands for, escapes removed.
    var literalName: ArraySlice<UInt8>? {
        guard suffix == nil, elements.first == .components else { return nil }
        let name = elements.dropFirst().compactMap(\.byte)
        return name.count == elements.count - 1 && !name.contains(.slash) ? name[...] : nil
    }

    package func matches(_ path: String) -> Bool { matches(Array(path.utf8)[...]) }

    package func matches(_ path: ArraySlice<UInt8>) -> Bool { match(path, accepting: .wholePath) }

    /// Whether the path itself or a directory above it matches.
    package func matchesPathOrParent(_ path: ArraySlice<UInt8>) -> Bool { match(path, accepting: .pathOrParent) }

    /// Whether something below the directory could match. True more often than needed, never false wrongly.
    package func canMatch(below directory: ArraySlice<UInt8>) -> Bool {
        directory.isEmpty || match(directory + CollectionOfOne(.slash), accepting: .beginning)
    }

    private enum Acceptance {
        case wholePath
        case pathOrParent
        case beginning
    }

    private func match(_ path: ArraySlice<UInt8>, accepting acceptance: Acceptance) -> Bool {
        if let suffix { return matchSuffix(suffix, path, acceptance) }
        if acceptance != .beginning {
            guard path.count >= minimumLength, path.starts(with: prefix) else { return false }
        }
        return isAligned ? matchAligned(path, acceptance) : matchAnywhere(path, acceptance)
    }

    private func matchSuffix(_ suffix: [UInt8], _ path: ArraySlice<UInt8>, _ acceptance: Acceptance) -> Bool {
        switch acceptance {
        case .beginning: true
        case .wholePath: path.suffix(suffix.count).elementsEqual(suffix)
        case .pathOrParent:
            path.indices.contains { end in
                path[end] == .slash && path[..<end].suffix(suffix.count).elementsEqual(suffix)
            } || path.suffix(suffix.count).elementsEqual(suffix)
        }
    }

    /// Goes back to the last star only, and to the last `**` when that star cannot take more: in an aligned pattern
    /// an earlier one could not reach anything the later cannot. So no pattern takes more than quadratic time in its
    /// path.
    private func matchAligned(_ path: ArraySlice<UInt8>, _ acceptance: Acceptance) -> Bool {
        var element = acceptance == .beginning ? 0 : prefix.count
        var position = path.startIndex + element
        var star: (element: Int, position: Int)?
        var components: (element: Int, position: Int)?
        while true {
            if element == elements.count {
                if position == path.endIndex { return true }
                if acceptance == .pathOrParent, path[position] == .slash { return true }
            } else {
                switch elements[element] {
                case .rest: return true
                case .star:
                    element += 1
                    star = (element, position)
                    continue
                case .components:
                    element += 1
                    components = (element, position)
                    star = nil
                    continue
                case .byte(let byte):
                    if position < path.endIndex, path[position] == byte {
                        element += 1
                        position += 1
                        continue
                    }
                case .anyCharacter:
                    if position < path.endIndex, path[position] != .slash {
                        element += 1
                        position = path.endOfScalar(at: position)
                        continue
                    }
                case .set(let set):
                    if position < path.endIndex, path[position] != .slash {
                        let end = path.endOfScalar(at: position)
                        if set.contains(path[position..<end]) {
                            element += 1
                            position = end
                            continue
                        }
                    }
                }
                if acceptance == .beginning, position == path.endIndex { return true }
            }
            if let last = star, last.position < path.endIndex, path[last.position] != .slash {
                element = last.element
                position = path.endOfScalar(at: last.position)
                star = (element, position)
            } else if let last = components, let slash = path[last.position...].firstIndex(of: .slash) {
                element = last.element
                position = slash + 1
                components = (element, position)
                star = nil
            } else {
                return false
            }
        }
    }
}

extension GlobPattern {
    /// Follows all ways through the pattern at once: for `a**b`, which hardly anyone writes.
    private func matchAnywhere(_ path: ArraySlice<UInt8>, _ acceptance: Acceptance) -> Bool {
        // The places in the pattern that are reached at a position, for this one and those a character may end at.
        var reached = [[Bool]](repeating: [Bool](repeating: false, count: elements.count + 1), count: 5)
        var isInside = [Bool](repeating: false, count: elements.count)
        reached[0][0] = true
        for (offset, position) in (path.startIndex...path.endIndex).enumerated() {
            let row = offset % 5
            let isEnd = position == path.endIndex
            let atComponent = offset > 0 && path[position - 1] == .slash
            for (index, element) in elements.enumerated() {
                if atComponent, isInside[index] { reached[row][index + 1] = true }
                guard reached[row][index] else { continue }
                switch element {
                case .rest: return true
                case .star:
                    reached[row][index + 1] = true
                    if !isEnd, path[position] != .slash { reached[(offset + 1) % 5][index] = true }
                case .components:
                    reached[row][index + 1] = true
                    isInside[index] = true
                case .byte(let byte):
                    if !isEnd, path[position] == byte { reached[(offset + 1) % 5][index + 1] = true }
                case .anyCharacter, .set:
                    guard !isEnd, path[position] != .slash else { break }
                    let end = path.endOfScalar(at: position)
                    if case .set(let set) = element, !set.contains(path[position..<end]) { break }
                    reached[(offset + end - position) % 5][index + 1] = true
                }
            }
            if reached[row][elements.count], isEnd || (acceptance == .pathOrParent && path[position] == .slash) {
                return true
            }
            if isEnd { return acceptance == .beginning && (reached[row].contains(true) || isInside.contains(true)) }
            for index in reached[row].indices { reached[row][index] = false }
        }
        return false
    }
}

extension GlobPattern.Element {
    fileprivate var byte: UInt8? {
        if case .byte(let byte) = self { byte } else { nil }
    }

    fileprivate var isByte: Bool { byte != nil }
}

extension ArraySlice<UInt8> {
    /// The end of the UTF-8 sequence that starts here; bytes that are not UTF-8 count one by one.
    fileprivate func endOfScalar(at position: Int) -> Int {
        let length: Int
        switch self[position] {
        case ..<0xC0: return position + 1
        case ..<0xE0: length = 2
        case ..<0xF0: length = 3
        default: length = 4
        }
        let end = position + length
        guard end <= endIndex, self[(position + 1)..<end].allSatisfy({ $0 & 0xC0 == 0x80 }) else { return position + 1 }
        return end
    }
}
