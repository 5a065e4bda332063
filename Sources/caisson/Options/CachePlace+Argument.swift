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
        export.ignoresErrors = try flag("ignore-error") ?? false
        export.compression = try compression()
        // What caches here always are, said as other builders want it said.
        for name in ["image-manifest", "oci-mediatypes"] where try flag(name) == false {
            throw refusal("a cache is always an OCI image: \(name)=false cannot be had")
        }
        // A directory never keeps what nothing leads to.
        if case .local = export.place { _ = try flag("reset") }
        try end()
        return export
    }

    private mutating func compression() throws -> CacheExport.Compression {
        var compression = CacheExport.Compression()
        switch fields.removeValue(forKey: "compression") {
        case "gzip"?, nil: break
        case "zstd"?: compression.method = .zstd
        case "uncompressed"?, "none"?: compression.method = .none
        case let other?:
            throw refusal("the compression `\(other)` is unknown", hint: "there are: gzip, zstd, uncompressed")
        }
        if let text = fields.removeValue(forKey: "compression-level") {
            let levels = compression.method.levels
            guard let level = Int(text), levels.contains(level) else {
                throw refusal(
                    "the level `\(text)` is none of \(compression.method), "
                        + "which has those from \(levels.lowerBound) to \(levels.upperBound)")
            }
            compression.level = compression.method == .none ? nil : level
        }
        compression.isForced = try flag("force-compression") ?? false
        return compression
    }

    /// nil if it is not given.
    private mutating func flag(_ name: String) throws -> Bool? {
        switch fields.removeValue(forKey: name) {
        case nil: nil
        case "true"?, "1"?: true
        case "false"?, "0"?: false
        case let value?: throw refusal("\(name) is `\(value)`, neither true nor false")
        }
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

extension LayerCompression {
    fileprivate var levels: ClosedRange<Int> {
        switch self {
        case .none: 0...22
        case .gzip: 0...9
        case .zstd: 1...22
        }
    }
}
