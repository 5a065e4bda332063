import Build
import Dockerfile
import OCI
import SystemPackage

/// A value of `--cache-from` or `--cache-to`: `type=registry,ref=…` or `type=local,src=…` (`dest=…`).
struct CachePlaceArgument {
    private var fields: [String: String] = [:]
    private let text: String
    private let option: String

    /// A bare reference means a registry, as other builders have it.
    init(_ text: String, of option: String) throws {
        self.text = text
        self.option = option
        guard text.contains("=") else {
            fields = ["type": "registry", "ref": text]
            return
        }
        for field in text.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw Self.refusal(option, text, "`\(field)` has no value") }
            guard fields.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw Self.refusal(option, text, "`\(parts[0])` is given twice")
            }
        }
    }

    /// `directory` is what the field of a local place is called.
    mutating func place(directory: String) throws -> CachePlace {
        switch fields.removeValue(forKey: "type") {
        case "registry"?: return .registry(try ImageReference(tagArgument: try value(of: "ref")))
        case "local"?:
            let path = FilePath(try value(of: directory)).absolute()
            return .local(path, tag: fields.removeValue(forKey: "tag") ?? "latest")
        case let type?:
            throw refusal(
                "the type `\(type)` is unknown",
                hint: Suggestion.hint(for: type, among: ["registry", "local"]) ?? "the types are: registry, local")
        case nil: throw refusal("it has no type", hint: "the types are: registry, local")
        }
    }

    private mutating func value(of field: String) throws -> String {
        guard let value = fields.removeValue(forKey: field), !value.isEmpty else {
            throw refusal("it needs \(field)=…")
        }
        return value
    }

    mutating func export() throws -> CacheExport {
        var export = CacheExport(try place(directory: "dest"))
        switch fields.removeValue(forKey: "mode") {
        case "max"?: export.isOfEveryStep = true
        case "min"?, nil: break
        case let mode?: throw refusal("the mode `\(mode)` is neither min nor max")
        }
        switch fields.removeValue(forKey: "ignore-error") {
        case "true"?: export.ignoresErrors = true
        case "false"?, nil: break
        case let value?: throw refusal("ignore-error is `\(value)`, neither true nor false")
        }
        try end()
        return export
    }

    /// Everything was understood.
    func end() throws {
        if let unknown = fields.keys.sorted().first { throw refusal("it has an unknown field `\(unknown)`") }
    }

    private func refusal(_ message: String, hint: String? = nil) -> CommandFailure {
        Self.refusal(option, text, message, hint: hint)
    }

    private static func refusal(
        _ option: String, _ text: String, _ message: String, hint: String? = nil
    ) -> CommandFailure {
        .usage("\(option) `\(text)`: \(message)", hint: hint)
    }
}
