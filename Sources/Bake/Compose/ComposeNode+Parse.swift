import Dockerfile
import YAML

extension ComposeNode {
    /// An empty file is an empty map.
    static func parse(_ file: BakeFile) throws(BakeError) -> ComposeNode {
        do {
            let root = try YAMLNode.parse(file.bytes, limits: YAMLLimits(nodes: 20_000, depth: 50, aliases: 1000))
            guard let root else { return .map([], Place(file: file, offsets: 0..<0)) }
            return try node(root, file)
        } catch let error as YAMLError {
            throw BakeError("\(error)", at: file.place(error.place), hint: error.hint)
        } catch let error as BakeError {
            throw error
        } catch {
            throw BakeError("\(error)")
        }
    }

    private static func node(_ node: YAMLNode, _ file: BakeFile) throws -> ComposeNode {
        switch node.content {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain
            let quotes = scalar.style == .quoted ? 2 : 0
            let place = file.place(node.place, length: scalar.text.unicodeScalars.count + quotes)
            try check(node.tag, at: place)
            return .scalar(scalar.text, isPlain: isPlain && node.tag.isEmpty, place)
        case .sequence(let nodes):
            let place = file.place(node.place)
            try check(node.tag, at: place)
            return .list(try nodes.map { try self.node($0, file) }, place)
        case .mapping(let entries):
            let place = file.place(node.place)
            try check(node.tag, at: place)
            return .map(try merged(entries, file), place)
        }
    }

    /// Types of the core schema say nothing that the reader of the value does not know.
    private static func check(_ tag: String, at place: Place) throws(BakeError) {
        guard tag.isEmpty || tag.hasPrefix("tag:yaml.org,2002:") else {
            throw BakeError("the tag `\(tag)` is not supported", at: place)
        }
    }

    /// With what `<<` brings in, unless it is said here.
    private static func merged(_ entries: [YAMLEntry], _ file: BakeFile) throws -> [Entry] {
        var result: [Entry] = []
        var merges: [(ComposeNode, Place)] = []
        for entry in entries {
            let place = file.place(entry.place, length: entry.name.unicodeScalars.count)
            let value = try node(entry.value, file)
            if entry.isMerge {
                merges.append((value, place))
            } else {
                result.append(Entry(name: entry.name, place: place, value: value))
            }
        }
        var known = Set(result.map(\.name))
        for (value, place) in merges {
            let maps: [ComposeNode]
            if case .list(let nodes, _) = value { maps = nodes } else { maps = [value] }
            for map in maps {
                guard let more = map.entries else { throw BakeError("`<<` merges maps only", at: place) }
                result += more.filter { known.insert($0.name).inserted }
            }
        }
        return result
    }
}

extension BakeFile {
    /// `length` characters at `place`, as far as its line goes.
    fileprivate func place(_ place: YAMLPlace, length: Int = 1) -> Place {
        guard (1...max(1, text.lineCount)).contains(place.line), text.lineCount > 0 else {
            return Place(file: self, offsets: bytes.count..<bytes.count)
        }
        let line = text.contentOffsets(ofLine: place.line)
        let scalars = String(decoding: bytes[line], as: UTF8.self).unicodeScalars
        let before = scalars.prefix(place.column - 1)
        let covered = scalars.dropFirst(place.column - 1).prefix(length)
        let start = line.lowerBound + String(String.UnicodeScalarView(before)).utf8.count
        return Place(file: self, offsets: start..<start + String(String.UnicodeScalarView(covered)).utf8.count)
    }
}
