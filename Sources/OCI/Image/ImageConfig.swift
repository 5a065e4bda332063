/// An image's configuration: how to run it, its layers, its history (image-spec 1.1, config.md).
///
/// A view on the document it was read from: members this engine does not know survive (Docker's `Healthcheck`,
/// `OnBuild`, `Shell` and whatever else a base image carries).
package struct ImageConfig: Hashable, Sendable {
    private var document: JSONObject

    /// A config without layers for `platform`, as `FROM scratch` gives it.
    package init(platform: Platform) {
        document = [:]
        self.platform = platform
        diffIDs = []
    }

    package init(parsing bytes: [UInt8]) throws(OCIError) {
        guard let object = try JSON(parsing: bytes).objectValue else {
            throw OCIError(.invalidDocument, "image config is not an object")
        }
        document = object
        guard let layers = json["rootfs"]?["diff_ids"]?.arrayValue else {
            throw OCIError(.invalidDocument, "image config has no rootfs.diff_ids")
        }
        for layer in layers {
            guard let text = layer.stringValue else {
                throw OCIError(.invalidDocument, "image config has a diff_id that is not a string")
            }
            _ = try Digest(parsing: text)
        }
    }

    package var json: JSON { .object(document) }

    package var canonicalBytes: [UInt8] { json.canonicalBytes }

    package var platform: Platform {
        get { Platform(json: json) }
        set {
            document["os"] = .string(newValue.os)
            document["architecture"] = .string(newValue.architecture)
            document["variant"] = newValue.variant.map(JSON.string)
            document["os.version"] = newValue.osVersion.map(JSON.string)
        }
    }

    /// RFC 3339.
    package var created: String? {
        get { json["created"]?.stringValue }
        set { document["created"] = newValue.map(JSON.string) }
    }

    package var author: String? {
        get { json["author"]?.stringValue }
        set { document["author"] = newValue.map(JSON.string) }
    }

    /// Lowest first.
    package var diffIDs: [DiffID] {
        get {
            (json["rootfs"]?["diff_ids"]?.arrayValue ?? []).compactMap { value in
                value.stringValue.flatMap { try? Digest(parsing: $0) }.map(DiffID.init)
            }
        }
        set {
            document["rootfs"] = ["type": "layers", "diff_ids": .array(newValue.map { .string($0.description) })]
        }
    }

    package var history: [HistoryEntry] {
        get { (json["history"]?.arrayValue ?? []).map(HistoryEntry.init(json:)) }
        set { document["history"] = newValue.isEmpty ? nil : .array(newValue.map(\.json)) }
    }

    /// A member of the runtime configuration (`config.<name>`) in its JSON form.
    package subscript(runtime name: String) -> JSON? {
        get { json["config"]?[name] }
        set {
            var runtime = json["config"]?.objectValue ?? JSONObject()
            runtime[name] = newValue
            document["config"] = runtime.isEmpty ? nil : .object(runtime)
        }
    }

    /// `NAME=value`, in order.
    package var environment: [String] {
        get { strings("Env") ?? [] }
        set { self[runtime: "Env"] = newValue.isEmpty ? nil : .array(newValue.map(JSON.string)) }
    }

    package var entrypoint: [String]? {
        get { strings("Entrypoint") }
        set { self[runtime: "Entrypoint"] = newValue.map { .array($0.map(JSON.string)) } }
    }

    package var command: [String]? {
        get { strings("Cmd") }
        set { self[runtime: "Cmd"] = newValue.map { .array($0.map(JSON.string)) } }
    }

    package var shell: [String]? {
        get { strings("Shell") }
        set { self[runtime: "Shell"] = newValue.map { .array($0.map(JSON.string)) } }
    }

    package var user: String {
        get { self[runtime: "User"]?.stringValue ?? "" }
        set { self[runtime: "User"] = newValue.isEmpty ? nil : .string(newValue) }
    }

    package var workingDirectory: String {
        get { self[runtime: "WorkingDir"]?.stringValue ?? "" }
        set { self[runtime: "WorkingDir"] = newValue.isEmpty ? nil : .string(newValue) }
    }

    package var stopSignal: String? {
        get { self[runtime: "StopSignal"]?.stringValue }
        set { self[runtime: "StopSignal"] = newValue.map(JSON.string) }
    }

    package var labels: [String: String] {
        get { Descriptor.strings(self[runtime: "Labels"]) }
        set { self[runtime: "Labels"] = newValue.isEmpty ? nil : .object(JSONObject(newValue)) }
    }

    /// Names of the `ExposedPorts` or `Volumes` set, sorted.
    package subscript(set name: String) -> [String] {
        get { (self[runtime: name]?.objectValue?.members.map(\.name) ?? []).sorted() }
        set {
            let names = Set(newValue).sorted()
            var object = JSONObject()
            for name in names { object[name] = .object([:]) }
            self[runtime: name] = names.isEmpty ? nil : .object(object)
        }
    }

    private func strings(_ name: String) -> [String]? {
        self[runtime: name]?.arrayValue.map { $0.compactMap(\.stringValue) }
    }
}

/// One step of an image's history. Entries that are not `isEmptyLayer` correspond to the layers, in order.
package struct HistoryEntry: Hashable, Sendable {
    package var created: String?
    package var createdBy: String?
    package var comment: String?
    package var author: String?
    package var isEmptyLayer: Bool

    package init(
        created: String? = nil, createdBy: String? = nil, comment: String? = nil, author: String? = nil,
        isEmptyLayer: Bool = false
    ) {
        self.created = created
        self.createdBy = createdBy
        self.comment = comment
        self.author = author
        self.isEmptyLayer = isEmptyLayer
    }

    init(json: JSON) {
        self.init(
            created: json["created"]?.stringValue, createdBy: json["created_by"]?.stringValue,
            comment: json["comment"]?.stringValue, author: json["author"]?.stringValue,
            isEmptyLayer: json["empty_layer"]?.boolValue ?? false)
    }

    var json: JSON {
        [
            "created": created.map(JSON.string), "created_by": createdBy.map(JSON.string),
            "comment": comment.map(JSON.string), "author": author.map(JSON.string),
            "empty_layer": isEmptyLayer ? true : nil,
        ]
    }
}
