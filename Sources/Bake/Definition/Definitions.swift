/// What HCL and JSON files declare, all files together; nothing is evaluated yet.
///
/// A later file wins: over a variable, a function or a top-level attribute of the same name entirely; blocks of one
/// target are merged when they are resolved.
struct Definitions: Sendable {
    struct Variable: Sendable {
        let name: String
        let place: Place
        let initial: BodyAttribute?
        let type: ValueType?
        let description: Expression?
        let validations: [Validation]
    }

    struct Validation: Sendable {
        let condition: Expression
        let message: Expression?
    }

    struct Function: Sendable {
        let name: String
        let place: Place
        let parameters: [String]
        let variadic: String?
        let result: Expression
    }

    /// A block of a target or a group.
    struct Block: Sendable {
        let label: String
        let place: Place
        let body: Body
    }

    /// What a block stands for: itself, or one combination of its matrix.
    struct Instance {
        let name: String
        let scope: Evaluation.Scope
    }

    private(set) var variables: [String: Variable] = [:]
    private(set) var functions: [String: Function] = [:]
    private(set) var attributes: [String: BodyAttribute] = [:]
    /// Names of the attributes, in the order of the files.
    private(set) var attributeNames: [String] = []
    private(set) var targets: [Block] = []
    private(set) var groups: [Block] = []

    static let blocks = ["variable", "function", "target", "group"]

    mutating func add(_ body: Body) throws {
        for attribute in body.attributes {
            if Self.blocks.contains(attribute.name) {
                throw BakeError(
                    "`\(attribute.name)` is a block", at: attribute.place,
                    hint: "write \(attribute.name) \"name\" { … }")
            }
            if attributes.updateValue(attribute, forKey: attribute.name) == nil {
                attributeNames.append(attribute.name)
            }
        }
        for block in body.blocks {
            guard Self.blocks.contains(block.type) else {
                throw BakeError(
                    "unknown block `\(block.type)`", at: block.place,
                    hint: Spelling.hint(for: block.type, among: Self.blocks)
                        ?? "the blocks are: " + Self.blocks.joined(separator: ", "))
            }
            guard block.labels.count == 1 else {
                throw BakeError("the block `\(block.type)` needs one name, not \(block.labels.count)", at: block.place)
            }
            try add(block, named: block.labels[0])
        }
    }

    private mutating func add(_ block: BodyBlock, named name: String) throws {
        switch block.type {
        case "variable": variables[name] = try variable(name, block)
        case "function": functions[name] = try function(name, block)
        case "target": targets.append(Block(label: name, place: block.place, body: try plain(block)))
        default: groups.append(Block(label: name, place: block.place, body: try plain(block)))
        }
    }

    private func plain(_ block: BodyBlock) throws -> Body {
        if let inner = block.body.blocks.first {
            throw BakeError(
                "a \(block.type) has no blocks", at: inner.place, hint: "write \(inner.type) = { … } for an attribute")
        }
        return block.body
    }

    // MARK: Variables

    private func variable(_ name: String, _ block: BodyBlock) throws -> Variable {
        let known = ["default", "type", "description", "sensitive"]
        for attribute in block.body.attributes where !known.contains(attribute.name) {
            throw BakeError(
                "a variable has no `\(attribute.name)`", at: attribute.place,
                hint: Spelling.hint(for: attribute.name, among: known))
        }
        let validations = try block.body.blocks.map { inner in
            guard inner.type == "validation" else {
                throw BakeError("a variable has no block `\(inner.type)`", at: inner.place)
            }
            guard let condition = inner.body["condition"] else {
                throw BakeError("the validation has no `condition`", at: inner.place)
            }
            return Validation(condition: condition.value, message: inner.body["error_message"]?.value)
        }
        return Variable(
            name: name, place: block.place, initial: block.body["default"],
            type: try block.body["type"].map { try ValueType(parsing: $0.value) },
            description: block.body["description"]?.value, validations: validations)
    }

    // MARK: Functions

    private func function(_ name: String, _ block: BodyBlock) throws -> Function {
        guard let result = block.body["result"] else {
            throw BakeError("the function `\(name)` has no `result`", at: block.place)
        }
        var parameters: [String] = []
        if let list = block.body["params"] {
            guard case .list(let names) = list.value.kind else {
                throw BakeError("`params` is a list of names", at: list.place)
            }
            parameters = try names.map(Self.parameter)
        }
        return Function(
            name: name, place: block.place, parameters: parameters,
            variadic: try block.body["variadic_params"].map { try Self.parameter($0.value) }, result: result.value)
    }

    private static func parameter(_ expression: Expression) throws -> String {
        guard let name = expression.keyword else { throw BakeError("a parameter is a name", at: expression.place) }
        return name
    }
}
