/// A file that defines builds.
package struct BakeSource: Sendable {
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// What is looked for in a directory where no file is named, in the order in which they are merged.
    package static let usualNames = [
        "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", "docker-bake.json",
        "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl",
    ]

    /// Of a compose file; all others are bake files.
    package var isCompose: Bool {
        let name = name.lowercased()
        return name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    }

    package init(name: String, text: String) { self.init(name: name, bytes: Array(text.utf8)) }
}

/// Names of targets and groups under one name.
package struct BakeGroup: Sendable {
    package let name: String
    package var targets: [String]
    package var description: String?
    package var place: Place?
}

/// A variable as people may set it.
package struct BakeVariable: Sendable {
    package let name: String
    package let value: Value
    package let description: String?
}

/// Everything that files define: targets as their blocks set them, before they inherit.
package struct BakeDefinition: Sendable {
    package private(set) var targets: [String: BakeTarget] = [:]
    /// In the order of the files.
    package private(set) var targetNames: [String] = []
    package private(set) var groups: [String: BakeGroup] = [:]
    package private(set) var variables: [BakeVariable] = []
    let environment: BakeEnvironment

    /// Compose files come first, whatever the order: bake files say what to change about them.
    ///
    /// Throws `BakeError`.
    package init(_ sources: [BakeSource], environment: BakeEnvironment) throws {
        self.environment = environment
        try addServices(sources.filter(\.isCompose))
        var definitions = Definitions()
        for source in sources where !source.isCompose {
            let file = try BakeFile(source.bytes, name: source.name)
            try definitions.add(try Self.body(of: file))
        }
        let evaluation = Evaluation(definitions, environment: environment)
        try evaluate(evaluation)
    }

    private mutating func addServices(_ sources: [BakeSource]) throws {
        guard !sources.isEmpty else { return }
        var variables = environment.composeVariables
        if let source = environment.variableFile {
            variables = try VariableFile.variables(
                of: try BakeFile(source.bytes, name: source.name), known: variables)
        }
        let files = try sources.map { try BakeFile($0.bytes, name: $0.name) }
        for target in try ComposeProject(files, variables: variables).targets() { add(target) }
        if !targetNames.isEmpty { add(BakeGroup(name: "default", targets: targetNames)) }
    }

    private static func body(of file: BakeFile) throws(BakeError) -> Body {
        let isJSON = file.name.lowercased().hasSuffix(".json")
        let startsObject = file.bytes.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "{")
        return isJSON || startsObject ? try JSONBody.parse(file) : try HCLParser.parse(file)
    }

    // MARK: Evaluation

    private mutating func evaluate(_ evaluation: Evaluation) throws {
        let definitions = evaluation.definitions
        for name in definitions.attributeNames {
            guard let attribute = definitions.attributes[name] else { continue }
            _ = try evaluation.global(name, at: attribute.place)
        }
        for (name, variable) in definitions.variables.inOrder {
            let value = try evaluation.global(name, at: variable.place)
            variables.append(
                BakeVariable(
                    name: name, value: value,
                    description: try variable.description.map {
                        try evaluation.text($0, in: Evaluation.Scope(), "the description")
                    }))
        }
        try validate(evaluation)
        for index in definitions.targets.indices { try addTarget(index, evaluation) }
        for block in definitions.groups { try addGroup(block, evaluation) }
    }

    private func validate(_ evaluation: Evaluation) throws {
        for (name, variable) in evaluation.definitions.variables.inOrder {
            for validation in variable.validations {
                let scope = Evaluation.Scope()
                if try evaluation.bool(validation.condition, in: scope, "the condition") { continue }
                let message = try validation.message.map { try evaluation.text($0, in: scope, "the message") }
                throw BakeError(
                    "the value of `\(name)` is not valid" + (message.map { ": \($0)" } ?? ""),
                    at: validation.condition.place)
            }
        }
    }

    private mutating func addTarget(_ index: Int, _ evaluation: Evaluation) throws {
        let block = evaluation.definitions.targets[index]
        let instances = try evaluation.instances(of: index)
        for instance in instances {
            var target = BakeTarget(name: instance.name)
            for attribute in block.body.attributes where attribute.name != "name" && attribute.name != "matrix" {
                guard let known = TargetAttribute(rawValue: attribute.name) else {
                    throw BakeError(
                        "a target has no attribute `\(attribute.name)`", at: attribute.place,
                        hint: Spelling.hint(for: attribute.name, among: TargetAttribute.names))
                }
                let value = try evaluation.value(attribute.value, in: instance.scope)
                let reader = AttributeReader(attribute: known, place: attribute.value.place)
                if let read = try reader.read(value) { target.set(known, read, at: attribute.place) }
            }
            add(target)
        }
        if block.body["matrix"] != nil, !instances.contains(where: { $0.name == block.label }) {
            try TargetName.check(block.label, at: block.place)
            groups[block.label, default: BakeGroup(name: block.label, targets: [], place: block.place)].targets +=
                instances.map(\.name)
        }
    }

    /// A target that is there already is changed.
    mutating func add(_ target: BakeTarget) {
        guard targets[target.name] != nil else {
            targetNames.append(target.name)
            targets[target.name] = target
            return
        }
        targets[target.name]?.merge(target)
    }

    mutating func add(_ group: BakeGroup) { groups[group.name] = group }

    private mutating func addGroup(_ block: Definitions.Block, _ evaluation: Evaluation) throws {
        try TargetName.check(block.label, at: block.place)
        var group = BakeGroup(name: block.label, targets: [], place: block.place)
        for attribute in block.body.attributes {
            let value = try evaluation.value(attribute.value)
            let reader = AttributeReader(
                attribute: attribute.name == "description" ? .description : .inherits, place: attribute.value.place)
            switch (attribute.name, try reader.read(value)) {
            case ("targets", .texts(let names)?): group.targets = names.distinct()
            case ("description", .text(let text)?): group.description = text
            case ("targets", _), ("description", _): break
            default:
                throw BakeError(
                    "a group has no attribute `\(attribute.name)`", at: attribute.place,
                    hint: Spelling.hint(for: attribute.name, among: ["targets", "description"])
                        ?? "`matrix` and the rest are for targets")
            }
        }
        guard block.body["targets"] != nil else {
            throw BakeError("the group `\(block.label)` has no `targets`", at: block.place)
        }
        add(group)
    }
}
