/// `TARGET.KEY[.NAME][+]=VALUE`: what the command line sets of targets, over all that files say.
struct BakeOverrides {
    private struct Override {
        let attribute: TargetAttribute
        let name: String?
        var values: [String]
        let adds: Bool
        let text: String
    }

    private enum Switch { case push, load }

    private var overrides: [String: [Override]] = [:]
    private var switches: [String: [(Switch, Bool)]] = [:]
    private let environment: [String: String]

    init(_ settings: [String], of definition: BakeDefinition, environment: [String: String] = [:]) throws {
        self.environment = environment
        for text in settings { try add(text, definition) }
    }

    private mutating func add(_ text: String, _ definition: BakeDefinition) throws {
        let equals = text.firstIndex(of: "=")
        var path = String(text[..<(equals ?? text.endIndex)])
        let adds = path.hasSuffix("+")
        if adds { path.removeLast() }
        let parts = path.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        let value = equals.map { String(text[text.index(after: $0)...]) }
        guard parts.count >= 2, value != nil || parts[1] == "args" else {
            throw BakeError("--set `\(text)` is not of the form TARGET.KEY=VALUE")
        }
        let targets = try Self.targets(parts[0], of: definition, text)
        if parts[1] == "push" || parts[1] == "load" {
            guard let flag = value.flatMap(BoolText.value) else {
                throw BakeError("--set `\(text)`: write true or false")
            }
            for target in targets { switches[target, default: []].append((parts[1] == "push" ? .push : .load, flag)) }
            return
        }
        let attribute = try Self.attribute(parts[1], text)
        let name = parts.count == 3 ? parts[2] : nil
        guard (attribute.kind == .map) == (name != nil) else {
            throw BakeError(
                name == nil
                    ? "--set `\(text)` does not say which of `\(parts[1])`: write \(parts[0]).\(parts[1]).NAME=VALUE"
                    : "--set `\(text)`: `\(parts[1])` has no parts")
        }
        guard let value = value ?? name.flatMap({ environment[$0] }) else { return }
        for target in targets {
            let override = Override(attribute: attribute, name: name, values: [value], adds: adds, text: text)
            let same = overrides[target]?.firstIndex {
                $0.attribute == attribute && name == nil && $0.adds == adds
            }
            if let same {
                overrides[target]?[same].values.append(value)
            } else {
                overrides[target, default: []].append(override)
            }
        }
    }

    private static func targets(_ pattern: String, of definition: BakeDefinition, _ text: String) throws -> [String] {
        let pattern = TargetName.sanitized(pattern)
        if definition.targets[pattern] != nil { return [pattern] }
        let names = definition.targetNames.filter { NamePattern.matches(pattern, $0) }
        guard names.isEmpty else { return names }
        throw BakeError(
            "--set `\(text)` is for `\(pattern)`, which no target is called",
            hint: Spelling.hint(for: pattern, among: definition.targetNames))
    }

    /// Some have a second name here.
    private static func attribute(_ key: String, _ text: String) throws -> TargetAttribute {
        let names = [
            "platform": TargetAttribute.platforms, "secrets": .secret, "outputs": .output, "tag": .tags, "arg": .args,
            "label": .labels, "ulimit": .ulimits,
        ]
        guard let attribute = TargetAttribute(rawValue: key) ?? names[key], attribute != .inherits else {
            throw BakeError(
                "--set `\(text)` has an unknown key `\(key)`",
                hint: Spelling.hint(for: key, among: TargetAttribute.names))
        }
        return attribute
    }

    // MARK: Applying

    func apply(to target: inout BakeTarget) throws {
        for override in overrides[target.name] ?? [] {
            let attribute = override.attribute
            let last = override.values[override.values.count - 1]
            switch attribute.kind {
            case .text: target.set(attribute, .text(last))
            case .flag:
                guard let flag = BoolText.value(last) else {
                    throw BakeError("--set `\(override.text)`: write true or false")
                }
                target.set(attribute, .flag(flag))
            case .texts: set(.texts(override.values), override, &target)
            case .map:
                target.merge(attribute, BakeTarget.Attribute(value: .map([override.name ?? "": last]), place: nil))
            case .fields:
                set(.fields(try override.values.compactMap { try OptionFields($0, of: attribute) }), override, &target)
            }
        }
        for (kind, flag) in switches[target.name] ?? [] {
            let outputs = target.fields(.output)
            let changed = kind == .push ? Self.pushing(flag, outputs) : Self.loading(flag, outputs)
            if changed != outputs { target.set(.output, .fields(changed)) }
        }
    }

    private func set(_ value: AttributeValue, _ override: Override, _ target: inout BakeTarget) {
        // What other builders only ever add to.
        let alwaysAdds = [.entitlements, .annotations, .attest].contains(override.attribute)
        guard override.adds || alwaysAdds else { return target.set(override.attribute, value) }
        var old = BakeTarget.Attribute(value: value, place: nil)
        switch (target[override.attribute], value) {
        case (.texts(let a)?, .texts(let b)): old.value = .texts(a + b)
        case (.fields(let a)?, .fields(let b)): old.value = .fields(a + b)
        default: break
        }
        target.set(override.attribute, old.value)
    }

    /// An image that is pushed, unless the outputs are something else than images.
    private static func pushing(_ flag: Bool, _ outputs: [OptionFields]) -> [OptionFields] {
        var outputs = outputs
        if !flag { outputs.removeAll { $0["type"] == "registry" } }
        for index in outputs.indices where outputs[index]["type"] == "image" {
            outputs[index]["push"] = flag ? "true" : "false"
        }
        if flag, outputs.allSatisfy({ $0["type"] == "docker" }) {
            outputs.append(OptionFields(values: ["type": "image", "push": "true"]))
        }
        return outputs
    }

    /// The image under its names in the store, where everything that is no file goes anyway.
    private static func loading(_ flag: Bool, _ outputs: [OptionFields]) -> [OptionFields] {
        let images = ["image", "registry", "oci", "docker"]
        guard flag, outputs.allSatisfy({ images.contains($0["type"] ?? "") }),
            !outputs.contains(where: { $0["type"] == "docker" && $0["dest"] == nil })
        else { return outputs }
        return outputs + [OptionFields(values: ["type": "docker"])]
    }
}
