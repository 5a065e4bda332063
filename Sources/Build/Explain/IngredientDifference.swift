import OCI

/// What differs between what a step was asked to do in two builds, in words, most telling first.
struct IngredientDifference {
    /// Names that the Dockerfile declares with ARG.
    let arguments: Set<String>
    private(set) var changes: [String] = []
    /// Apart from the others: mostly it only follows from what an image is.
    private(set) var epochChange: String?

    /// `paths` are those of the files of `new`, asked for if there are too many to be listed in it.
    init(from old: JSON, to new: JSON, arguments: Set<String>, paths: () -> [String] = { [] }) {
        self.arguments = arguments
        let (old, new) = (Self.ordered(old), Self.ordered(new))
        let isOthers = ["owner", "mode"].contains { old["copy"]?[$0] != new["copy"]?[$0] }
        compareFiles(old["files"], new["files"], givesOtherOwners: isOthers, paths)
        for part in ["run", "copy", "directory"] {
            guard old[part] != nil || new[part] != nil else { continue }
            guard let before = old[part], let after = new[part] else {
                changes.append("another instruction")
                return
            }
            compareMembers(before, after)
        }
        if old["selection"] != new["selection"] { changes.append("the sources changed") }
    }

    /// Members in one order: what comes from a file is sorted, what was just made is not.
    private static func ordered(_ json: JSON) -> JSON { (try? JSON(parsing: json.canonicalBytes)) ?? json }

    mutating func add(_ change: String) { changes.append(change) }

    // MARK: Files

    /// Files that only got the owner or mode which the instruction now gives are not said to have changed.
    private mutating func compareFiles(
        _ old: JSON?, _ new: JSON?, givesOtherOwners: Bool, _ paths: () -> [String]
    ) {
        guard let old, let new, old["digest"] != new["digest"] else { return }
        guard let before = old["list"]?.arrayValue, let after = new["list"]?.arrayValue else {
            return comparePrints(Self.prints(of: old), Self.prints(of: new), paths)
        }
        let (was, isNow) = (Self.byPath(before), Self.byPath(after))
        var gone = before.compactMap(\.stringValue).map { Self.split($0) }.filter { isNow[$0.path] == nil }
        var isExplained = false
        for line in after.compactMap(\.stringValue) {
            let (path, now) = Self.split(line)
            guard let then = was[path] else {
                if let place = gone.firstIndex(where: { $0.rest == now }) {
                    changes.append("file \(gone.remove(at: place).path) is now \(path)")
                } else {
                    changes.append("file \(path) is new")
                }
                continue
            }
            if then == now { continue }
            if givesOtherOwners, Self.content(then) == Self.content(now) {
                isExplained = true
            } else {
                changes.append(Self.fileChange(path, then, now))
            }
        }
        for file in gone { changes.append("file \(file.path) is gone") }
        if changes.isEmpty, !isExplained { changes.append("files changed their order or their place") }
    }

    /// A file's line without its mode and owner.
    private static func content(_ text: String) -> [Substring] {
        let words = text.split(separator: " ")
        return words.indices.filter { place in
            !["mode", "owner"].contains(words[place])
                && (place == 0 || !["mode", "owner"].contains(words[place - 1]))
        }.map { words[$0] }
    }

    private static func byPath(_ lines: [JSON]) -> [String: String] {
        Dictionary(lines.compactMap(\.stringValue).map { split($0) }.map { ($0.path, $0.rest) }) { first, _ in first }
    }

    /// A line of a listing begins with a path, which may hold spaces, and says then what is there.
    static func split(_ line: String) -> (path: String, rest: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        let kinds: Set<Substring> = ["file", "directory", "link", "character", "block", "fifo"]
        guard let kind = words.indices.dropFirst().first(where: { kinds.contains(words[$0]) }) else {
            return (line, "")
        }
        return (words[..<kind].joined(separator: " "), words[kind...].joined(separator: " "))
    }

    private static func fileChange(_ path: String, _ old: String, _ new: String) -> String {
        func value(_ name: Substring, in text: String) -> Substring? {
            let words = text.split(separator: " ")
            return words.firstIndex(of: name).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
        }
        for name: Substring in ["mode", "owner"] {
            guard let before = value(name, in: old), let after = value(name, in: new), before != after else { continue }
            let same =
                old.split(separator: " ").filter { $0 != before } == new.split(separator: " ").filter { $0 != after }
            if same { return "file \(path) changed its \(name) \(before) → \(after)" }
        }
        return "file \(path) changed"
    }

    // MARK: Members

    private mutating func compareMembers(_ old: JSON, _ new: JSON) {
        for name in Self.names(old, new) where old[name] != new[name] {
            switch name {
            case "environment": compareEnvironment(old[name], new[name])
            case "arguments": changes.append("the command changed")
            case "script", "inline": changes.append("the here-document changed")
            case "epoch": epochChange = "the epoch of its files moved \(Self.pair(old[name], new[name]))"
            case "settings": compareSettings(old[name] ?? [:], new[name] ?? [:])
            case "linked": changes.append("--link is \(new[name] == nil ? "gone" : "new")")
            case "keepsTimes": break
            case "security", "user":
                let usual = name == "user" ? "root" : "sandbox"
                changes.append("\(name) \(Self.text(old[name], usual)) → \(Self.text(new[name], usual))")
            case "operation": changes.append("another instruction")
            case "mounts": compareMounts(old[name]?.arrayValue ?? [], new[name]?.arrayValue ?? [])
            default: changes.append("\(Self.words[name] ?? name) \(Self.pair(old[name], new[name]))")
            }
        }
    }

    private static let words = [
        "directory": "working directory", "owner": "--chown", "mode": "--chmod", "hosts": "--add-host",
        "limits": "--ulimit", "hostname": "host name",
    ]

    private static func names(_ old: JSON, _ new: JSON) -> [String] {
        let names = (new.objectValue?.members ?? []).map(\.name)
        return names + (old.objectValue?.members ?? []).map(\.name).filter { !names.contains($0) }
    }

    private mutating func compareSettings(_ old: JSON, _ new: JSON) {
        for name in Self.names(old, new) where old[name] != new[name] {
            changes.append("\(Self.words[name] ?? name) \(Self.pair(old[name], new[name]))")
        }
    }

    private mutating func compareMounts(_ old: [JSON], _ new: [JSON]) {
        for (position, after) in new.enumerated() {
            guard old.indices.contains(position) else {
                changes.append("\(Self.name(ofMount: after)) is new")
                continue
            }
            let before = old[position]
            for name in Self.names(before, after) where before[name] != after[name] {
                // Where the content of a source changed, the files say so.
                if name == "source", before[name] != nil, after[name] != nil { continue }
                changes.append("\(name) of \(Self.name(ofMount: before)) \(Self.pair(before[name], after[name]))")
            }
        }
        for before in old.dropFirst(new.count) { changes.append("\(Self.name(ofMount: before)) is gone") }
    }

    private static func name(ofMount mount: JSON) -> String {
        let place = mount["target"]?.stringValue ?? mount["variable"]?.stringValue ?? ""
        return "the \(mount["type"]?.stringValue ?? "") mount\(place.isEmpty ? "" : " \(place)")"
    }

    private mutating func compareEnvironment(_ old: JSON?, _ new: JSON?) {
        let (before, after) = (Self.variables(old), Self.variables(new))
        let known = Dictionary(before) { _, last in last }
        let count = changes.count
        let isSame = before.map(\.0) == after.map(\.0)
        for (name, value) in after {
            guard known[name] != value else { continue }
            // Undeclared it is the epoch, which is told for itself.
            if name == "SOURCE_DATE_EPOCH", !arguments.contains(name), known[name] != nil { continue }
            let kind = arguments.contains(name) ? "ARG" : "ENV"
            changes.append(
                known[name].map { "\(kind) \(name) \(Self.shown($0)) → \(Self.shown(value))" }
                    ?? "\(kind) \(name)=\(Self.shown(value)) is new")
        }
        let now = Set(after.map(\.0))
        for (name, _) in before where !now.contains(name) {
            changes.append("\(arguments.contains(name) ? "ARG" : "ENV") \(name) is gone")
        }
        if changes.count == count, !isSame { changes.append("the order of the environment changed") }
    }

    private static func variables(_ json: JSON?) -> [(String, String)] {
        (json?.arrayValue ?? []).compactMap(\.stringValue).map { line in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
    }

    private static func pair(_ old: JSON?, _ new: JSON?) -> String { "\(text(old)) → \(text(new))" }

    private static func text(_ json: JSON?, _ usual: String) -> String {
        json?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? usual
    }

    private static func text(_ json: JSON?) -> String {
        switch json {
        case nil: "none"
        case .array(let list)? where list.allSatisfy({ $0.stringValue != nil }):
            shown(list.compactMap(\.stringValue).joined(separator: " "))
        case .string(let text)?: shown(text)
        case let json?: shown(json.lineText)
        }
    }

    private static func shown(_ text: String) -> String {
        if text.isEmpty { return "\"\"" }
        return text.count > 60 ? text.prefix(59) + "…" : text
    }
}
