import OCI

extension PipelineParser {
    mutating func readChecks(_ value: ConfigValue) -> [Check] {
        named(value, "check") { parser, entry in parser.readCheck(entry) }
    }

    /// `name: target`, or a table.
    private mutating func readCheck(_ entry: ConfigEntry) -> Check? {
        let what = "check `\(entry.name)`"
        guard case .table = entry.value.content else {
            guard let target = readTarget(entry.value, "target of \(what)") else { return nil }
            return Check(name: entry.name, target: target, command: nil, timeLimit: nil)
        }
        guard let section = reader.section(entry.value, what, keys: ["target", "run", "limits"]) else { return nil }
        let command = section["run"].flatMap { readCommand($0, section.name("run")) }
        var timeLimit: Duration?
        if let limits = section["limits"].flatMap({ reader.section($0, "limits of \(what)", keys: ["time"]) }) {
            timeLimit = limits["time"].flatMap { reader.duration($0, limits.name("time")) }
        }
        guard let target = section.required("target", &reader).flatMap({ readTarget($0, section.name("target")) })
        else { return nil }
        return Check(name: entry.name, target: target, command: command, timeLimit: timeLimit)
    }

    private mutating func readCommand(_ value: ConfigValue, _ what: String) -> [String]? {
        guard case .list(let words) = value.content, !words.isEmpty else {
            reader.report(
                "\(what) must be a list of words", at: value.span,
                hint: "write [\"/bin/sh\", \"-c\", \"…\"] for a shell")
            return nil
        }
        let command = words.compactMap { reader.string($0, what) }
        return command.count == words.count ? command : nil
    }

    /// The name or number of a Dockerfile stage.
    private mutating func readTarget(_ value: ConfigValue, _ what: String) -> String? {
        guard let text = reader.string(value, what) else { return nil }
        let isPlain = text.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
        guard isPlain, let first = text.utf8.first, isAlphanumeric(first) else {
            reader.report("\(what) is `\(text)`, which is no name of a Dockerfile stage", at: value.span)
            return nil
        }
        return text
    }

    mutating func readImages(_ value: ConfigValue, triggers: [Trigger]) -> [Image] {
        var owners: [String: String] = [:]
        return named(value, "image") { parser, entry in
            parser.readImage(entry, triggers: triggers, owners: &owners)
        }
    }

    private mutating func readImage(
        _ entry: ConfigEntry, triggers: [Trigger], owners: inout [String: String]
    ) -> Image? {
        let what = "image `\(entry.name)`"
        guard let section = reader.section(entry.value, what, keys: ["target", "push", "tags"]) else { return nil }
        let target = section["target"].flatMap { readTarget($0, section.name("target")) }
        let repository = section.required("push", &reader).flatMap { readRepositoryName($0, section.name("push")) }
        guard let value = section.required("tags", &reader), let entries = reader.entries(value, section.name("tags"))
        else { return nil }
        var tags: [Image.Tags] = []
        for list in entries {
            guard let trigger = triggers.first(where: { $0.name.text == list.name }) else {
                reportUnknownTrigger(list)
                continue
            }
            let templates = readTags(list, of: what, trigger: trigger)
            for template in templates {
                guard let repository else { continue }
                let key = "\(list.name) \(repository):\(template.value.text)"
                if let owner = owners.updateValue(entry.name, forKey: key) {
                    let whose = owner == entry.name ? "twice by image `\(owner)`" : "by image `\(owner)` as well"
                    reader.report("tag `\(template.value)` of `\(repository)` is pushed \(whose)", at: template.span)
                }
            }
            tags.append(Image.Tags(trigger: trigger.name, templates: templates.map(\.value)))
        }
        guard let repository else { return nil }
        return Image(name: entry.name, target: target, repository: repository, tags: tags)
    }

    private mutating func reportUnknownTrigger(_ entry: ConfigEntry) {
        guard !triggerNames.contains(entry.name) else { return }
        let meant = closest(to: entry.name, among: triggerNames)
        reader.report(
            "tags refer to trigger `\(entry.name)`, but triggers are: \(triggerNames.joined(separator: ", "))",
            at: entry.nameSpan, hint: meant.map { "did you mean `\($0)`?" })
    }

    private mutating func readTags(_ entry: ConfigEntry, of image: String, trigger: Trigger) -> [Located<Template>] {
        guard let texts = reader.strings(entry.value, "tags of \(image)") else { return [] }
        var templates: [Located<Template>] = []
        for text in texts {
            let what = "tag `\(text.value)`"
            guard let template = read(at: text.span, try Template(text.value)) else { continue }
            check(template, for: trigger, what, at: text.span)
            if template.variables.isEmpty, !ImageReference.isTag(text.value) {
                reader.report(
                    "\(what) is not a valid image tag", at: text.span,
                    hint: "letters, digits, `_`, `.` and `-`, at most 128")
                continue
            }
            templates.append(Located(template, at: text.span))
        }
        return templates
    }

    /// `registry/path` without tag or digest.
    private mutating func readRepositoryName(_ value: ConfigValue, _ what: String) -> RepositoryName? {
        guard let text = reader.string(value, what) else { return nil }
        do {
            let reference = try ImageReference(parsing: text)
            let hasTag = text.split(separator: "/").last?.contains(":") ?? false
            guard reference.digest == nil, !hasTag else {
                reader.report(
                    "\(what) names a tag or digest", at: value.span,
                    hint: "write `\(reference.repository)`; tags go below `tags`")
                return nil
            }
            return reference.repository
        } catch {
            reader.report(error.message, at: value.span)
            return nil
        }
    }
}
