/// Targets and groups as expressions see them: `target.app.args.VERSION`, each attribute evaluated when it is asked
/// for, as the block itself sets it.
extension Evaluation {
    struct Reference {
        /// `target` or `group`.
        let kind: String
        let name: String
    }

    /// The block that an expression names, unless a name of the scope hides it.
    func reference(_ expression: Expression, in scope: Scope) throws -> Reference? {
        let base: Expression
        let name: String?
        switch expression.kind {
        case .attribute(let value, let attribute): (base, name) = (value, attribute)
        case .index(let value, let index):
            guard case .variable = value.kind else { return nil }
            (base, name) = (value, try self.value(index, in: scope).text)
        default: return nil
        }
        guard case .variable(let kind) = base.kind, kind == "target" || kind == "group", scope.names[kind] == nil,
            let name
        else { return nil }
        return Reference(kind: kind, name: name)
    }

    func attribute(_ name: String, of reference: Reference, at place: Place) throws -> Value {
        let path = "\(reference.kind).\(reference.name).\(name)"
        if let value = attributes[path] { return value }
        let value = try once(path, at: place) { try blockAttribute(name, of: reference, at: place) }
        attributes[path] = value
        return value
    }

    private func blockAttribute(_ name: String, of reference: Reference, at place: Place) throws -> Value {
        var result: Value?
        try spend(1 + definitions.targets.count / 8, at: place)
        let found = try blocks(of: reference)
        guard !found.isEmpty else {
            throw BakeError(
                "there is no \(reference.kind) `\(reference.name)`", at: place,
                hint: Spelling.hint(for: reference.name, among: try names(of: reference.kind)))
        }
        if name == "name" { return .string(reference.name) }
        for (block, scope) in found {
            guard let attribute = block.body[name] else { continue }
            let value = try value(attribute.value, in: scope)
            if case .object(let old)? = result, case .object(let new) = value {
                result = .object(old.merging(new) { $1 })
            } else {
                result = value
            }
        }
        let known = reference.kind == "target" ? TargetAttribute.names : ["targets", "description"]
        guard result != nil || known.contains(name) else {
            throw BakeError(
                "a \(reference.kind) has no attribute `\(name)`", at: place,
                hint: Spelling.hint(for: name, among: known))
        }
        return result ?? .null
    }

    private func blocks(of reference: Reference) throws -> [(Definitions.Block, Scope)] {
        guard reference.kind == "target" else {
            return definitions.groups.filter { $0.label == reference.name }.map { ($0, Scope()) }
        }
        var found: [(Definitions.Block, Scope)] = []
        for (index, block) in definitions.targets.enumerated() {
            if block.body["matrix"] == nil {
                if block.label == reference.name { found.append((block, Scope())) }
            } else {
                for instance in try instances(of: index) where instance.name == reference.name {
                    found.append((block, instance.scope))
                }
            }
        }
        return found
    }

    private func names(of kind: String) throws -> [String] {
        guard kind == "target" else { return definitions.groups.map(\.label) }
        return try definitions.targets.indices.flatMap { try instances(of: $0).map(\.name) }
    }

    func allBlocks(_ kind: String, at place: Place) throws -> Value {
        var objects: [String: Value] = [:]
        for name in try names(of: kind) {
            let reference = Reference(kind: kind, name: name)
            var members: [String: Value] = [:]
            for (block, _) in try blocks(of: reference) {
                for attribute in block.body.attributes where attribute.name != "matrix" {
                    members[attribute.name] = try self.attribute(attribute.name, of: reference, at: place)
                }
            }
            members["name"] = .string(name)
            objects[name] = .object(members)
        }
        return try measured(.object(objects), at: place)
    }

    // MARK: Matrix

    private static var combinationLimit: Int { 1024 }

    func instances(of index: Int) throws -> [Definitions.Instance] {
        if let known = instances[index] { return known }
        let block = definitions.targets[index]
        let found = try once("the names of target.\(block.label)", at: block.place) { try instances(of: block) }
        instances[index] = found
        return found
    }

    private func instances(of block: Definitions.Block) throws -> [Definitions.Instance] {
        let name = block.body["name"]
        guard let matrix = block.body["matrix"] else {
            if let name {
                throw BakeError("`name` is for a target with a `matrix`", at: name.place, hint: "name the block itself")
            }
            try TargetName.check(block.label, at: block.place)
            return [Definitions.Instance(name: block.label, scope: Scope())]
        }
        guard let name else {
            throw BakeError(
                "the target has a `matrix` and no `name` for its combinations", at: matrix.place,
                hint: "for instance name = \"\(block.label)-${…}\"")
        }
        var found: [Definitions.Instance] = []
        for scope in try combinations(of: matrix) {
            let text = try text(name.value, in: scope, "the name")
            try TargetName.check(text, at: name.value.place)
            if found.contains(where: { $0.name == text }) {
                throw BakeError(
                    "two combinations of the matrix are called `\(text)`", at: name.value.place,
                    hint: "use every variable of the matrix in the name")
            }
            found.append(Definitions.Instance(name: text, scope: scope))
        }
        return found
    }

    private func combinations(of matrix: BodyAttribute) throws -> [Scope] {
        guard case .object(let axes) = try value(matrix.value) else {
            throw BakeError("`matrix` is an object of lists", at: matrix.value.place)
        }
        var scopes = [Scope()]
        for (variable, values) in axes.inOrder {
            guard let values = values.elements else {
                throw BakeError("`\(variable)` of the matrix is \(values.kind), not a list", at: matrix.value.place)
            }
            guard scopes.count * values.count <= Self.combinationLimit else {
                throw BakeError(
                    "the matrix has more than \(Self.combinationLimit) combinations", at: matrix.value.place)
            }
            scopes = scopes.flatMap { scope in
                values.map { value in
                    var scope = scope
                    scope.names[variable] = value
                    return scope
                }
            }
        }
        return scopes
    }
}

enum TargetName {
    static func check(_ name: String, at place: Place?) throws {
        let isValid =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || HCLParser.isDigit(byte)
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
        if !isValid {
            throw BakeError(
                "`\(name)` is no name of a target", at: place,
                hint: "use letters, digits, _ and -; sanitize() makes such")
        }
    }

    /// Compose services may have dots in their names.
    static func sanitized(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.map { $0 == "." ? "_" : $0 }))
    }
}
