extension PipelineParser {
    mutating func readTriggers(_ top: ConfigSection) -> [Trigger] {
        guard let value = top.required("triggers", &reader) else { return [] }
        if case .table(let entries) = value.content { triggerNames = entries.map(\.name) }
        return named(value, "trigger") { parser, entry in parser.readTrigger(entry) }
    }

    private mutating func readTrigger(_ entry: ConfigEntry) -> Trigger? {
        let what = "trigger `\(entry.name)`"
        guard let section = reader.section(entry.value, what, keys: ["branch", "tag", "paths"]) else { return nil }
        let paths = section["paths"].flatMap { readPatterns($0, section.name("paths")) }
        let kind: RefName.Kind
        let patterns: ConfigValue
        switch (section["branch"], section["tag"]) {
        case (let value?, nil): (kind, patterns) = (.branch, value)
        case (nil, let value?): (kind, patterns) = (.tag, value)
        case (nil, nil):
            if section.misspelt.isEmpty {
                reader.report("\(what) has neither `branch` nor `tag`", at: entry.nameSpan)
            }
            return nil
        case (_?, _?):
            reader.report(
                "\(what) has both `branch` and `tag`", at: entry.nameSpan, hint: "make two triggers of it")
            return nil
        }
        guard let refs = readPatterns(patterns, section.name(kind.rawValue)),
            let name = read(at: entry.nameSpan, try TriggerName(entry.name))
        else { return nil }
        return Trigger(name: name, kind: kind, refs: refs, paths: paths)
    }

    private mutating func readPatterns(_ value: ConfigValue, _ what: String) -> PatternList? {
        guard let patterns = reader.strings(value, what) else { return nil }
        var isSound = true
        for pattern in patterns {
            let glob = pattern.value.hasPrefix("!") ? String(pattern.value.dropFirst()) : pattern.value
            if read(at: pattern.span, prefix: "\(what): ", try Glob(glob)) == nil { isSound = false }
        }
        guard isSound else { return nil }
        return read(at: value.span, prefix: "\(what) ", try PatternList(patterns.map(\.value)))
    }
}
