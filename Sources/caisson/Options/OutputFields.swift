import Dockerfile
import OCI

/// The fields of an `--output` value, taken one by one; what is left at the end is a mistake.
struct OutputFields {
    private let text: String
    private var fields: [String: String] = [:]

    init(_ text: String) throws {
        self.text = text
        guard text.contains("=") else {
            fields = ["type": text == "-" ? "tar" : "local", "dest": text]
            return
        }
        for field in try Self.split(text) {
            guard let equals = field.firstIndex(of: "=") else { throw refusal("`\(field)` has no value") }
            let name = field[..<equals].lowercased()
            guard fields.updateValue(String(field[field.index(after: equals)...]), forKey: name) == nil else {
                throw refusal("`\(name)` is given twice")
            }
        }
    }

    /// A field with commas stands in quotes.
    private static func split(_ text: String) throws -> [String] {
        var fields = [""]
        var isQuoted = false
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: fields.append("")
            default: fields[fields.count - 1].append(character)
            }
        }
        if isQuoted { throw CommandFailure.usage("output `\(text)`: a quote does not end") }
        return fields
    }

    mutating func take(_ name: String) -> String? { fields.removeValue(forKey: name) }

    mutating func kind() throws -> BuildOutput.Kind {
        let known = BuildOutput.Kind.allCases.map(\.rawValue)
        let types = "the types are: " + known.joined(separator: ", ")
        guard let type = take("type") else { throw refusal("it has no type", hint: types) }
        guard let kind = BuildOutput.Kind(rawValue: type) else {
            throw refusal("the type `\(type)` is unknown", hint: Suggestion.hint(for: type, among: known) ?? types)
        }
        // To load an image into docker is to name it where images are.
        return kind == .docker && fields["dest"] == nil ? .image : kind
    }

    mutating func destination() throws -> String {
        guard let destination = take("dest"), !destination.isEmpty else {
            throw refusal("it needs dest=PATH", hint: fields.keys.contains("dst") ? "did you mean `dest`?" : nil)
        }
        return destination
    }

    mutating func names() throws -> [ImageReference] {
        try (take("name") ?? "").split(separator: ",").map { try ImageReference(tagArgument: String($0)) }
    }

    mutating func flag(_ name: String) throws -> Bool? {
        switch take(name) {
        case nil: nil
        case "true"?, ""?: true
        case "false"?: false
        case let value?: throw refusal("\(name) is `\(value)`, neither true nor false")
        }
    }

    /// nil if nothing is asked for.
    mutating func encoding() throws -> LayerEncoding? {
        let compression = try compression()
        let isForced = try flag("force-compression") ?? false
        let levels = ["level", "compression-level"].map { name in (name, take(name)) }
        guard case let (name, text?)? = levels.first(where: { $0.1 != nil }) else {
            return compression == nil && !isForced ? nil : LayerEncoding(compression ?? .gzip, isForced: isForced)
        }
        let chosen = compression ?? .gzip
        guard chosen != .none else { throw refusal("without compression there is no \(name)") }
        guard let level = Int(text), chosen.levels.contains(level) else {
            throw refusal(
                "\(name) is `\(text)`; \(chosen) has \(chosen.levels.lowerBound) to \(chosen.levels.upperBound)")
        }
        return LayerEncoding(chosen, level: level, isForced: isForced)
    }

    private mutating func compression() throws -> LayerCompression? {
        guard let name = take("compression") else { return nil }
        if name == "uncompressed" { return LayerCompression.none }
        guard let compression = LayerCompression(rawValue: name) else {
            let known = LayerCompression.allCases.map(\.rawValue)
            throw refusal(
                "the compression `\(name)` is unknown",
                hint: Suggestion.hint(for: name, among: known) ?? "use one of: " + known.joined(separator: ", "))
        }
        return compression
    }

    /// Everything was understood. What other builders can be told and is always so here may be said.
    mutating func end(_ kind: BuildOutput.Kind) throws {
        if kind != .tar, kind != .local, kind != .cacheOnly {
            guard try flag("oci-mediatypes") != false else {
                throw refusal("images have the media types of OCI, which docker reads too")
            }
            for name in ["rewrite-timestamp", "unpack", "store"] { _ = take(name) }
        }
        guard let unknown = fields.keys.min() else { return }
        if unknown.hasPrefix("annotation") { throw refusal("annotations are given with --annotation") }
        let known = Self.known(of: kind)
        throw refusal(
            "\(kind.rawValue) has no field `\(unknown)`",
            hint: Suggestion.hint(for: unknown, among: known) ?? "its fields are: " + known.joined(separator: ", "))
    }

    private static func known(of kind: BuildOutput.Kind) -> [String] {
        let encoding = ["name", "compression", "level", "force-compression"]
        return switch kind {
        case .image: ["target", "push"] + encoding
        case .registry: ["target"] + encoding
        case .oci: ["target", "dest", "tar"] + encoding
        case .docker: ["target", "dest"] + encoding
        case .tar, .local: ["target", "dest"]
        case .cacheOnly: ["target"]
        }
    }

    func refusal(_ message: String, hint: String? = nil) -> CommandFailure {
        .usage("output `\(text)`: \(message)", hint: hint)
    }
}
