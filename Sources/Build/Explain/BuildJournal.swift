package import OCI

/// What a build asked for and what came of it, step by step: what the next build of the same place is compared with,
/// and what `explain` shows.
package struct BuildJournal: Hashable, Sendable {
    /// What a step stands on or takes from.
    package enum Input: Hashable, Sendable {
        /// By its place in the journal.
        case step(Int)
        /// `content` is the same where only the name of the image changed.
        case image(reference: String, digest: String, content: String)
        /// What only a key names: nothing, or files of a context that are mounted, with what their key is made of.
        case other(key: String, ingredients: JSON)
    }

    package struct Entry: Hashable, Sendable {
        /// Of the step in its build.
        package let number: Int
        package let stage: String
        package let index: Int
        package let count: Int
        package let title: String
        package let keyword: String
        package let line: Int
        /// Empty if the step was never looked at.
        package let key: String
        package let ingredients: JSON
        package let inputs: [Input]
        /// nil for a step that neither ran nor had to.
        package var isCached: Bool?
        /// Why it ran, or where its result came from; the first says most.
        package var reasons: [String]
        package var hasFailed: Bool
    }

    package var entries: [Entry]
    /// Seconds since 1970.
    package var created: Int64

    package init(entries: [Entry], created: Int64) {
        self.entries = entries
        self.created = created
    }
}

extension BuildJournal {
    package init(parsing bytes: [UInt8]) throws(OCIError) {
        let json = try JSON(parsing: bytes)
        guard let entries = json["entries"]?.arrayValue else {
            throw OCIError(.invalidDocument, "journal of a build has no entries")
        }
        self.init(entries: entries.compactMap { Entry($0) }, created: json["created"]?.integerValue ?? 0)
    }

    package var json: JSON { ["created": .integer(created), "entries": .array(entries.map(\.json))] }
}

extension BuildJournal.Entry {
    fileprivate init?(_ json: JSON) {
        guard let stage = json["stage"]?.stringValue, let title = json["title"]?.stringValue,
            let ingredients = json["ingredients"]
        else { return nil }
        func number(_ name: String) -> Int { json[name]?.integerValue.map { Int($0) } ?? 0 }
        self.init(
            number: number("number"), stage: stage, index: number("index"), count: number("count"), title: title,
            keyword: json["keyword"]?.stringValue ?? "", line: number("line"), key: json["key"]?.stringValue ?? "",
            ingredients: ingredients,
            inputs: (json["inputs"]?.arrayValue ?? []).map { BuildJournal.Input($0) },
            isCached: json["cached"]?.boolValue,
            reasons: (json["reasons"]?.arrayValue ?? []).compactMap(\.stringValue),
            hasFailed: json["failed"]?.boolValue ?? false)
    }

    package var json: JSON {
        [
            "number": .integer(Int64(number)), "stage": .string(stage), "index": .integer(Int64(index)),
            "count": .integer(Int64(count)),
            "title": .string(title), "keyword": .string(keyword), "line": .integer(Int64(line)), "key": .string(key),
            "ingredients": ingredients, "inputs": .array(inputs.map(\.json)), "cached": isCached.map(JSON.bool),
            "reasons": .array(reasons.map(JSON.string)), "failed": hasFailed ? true : nil,
        ]
    }
}

extension BuildJournal.Input {
    fileprivate init(_ json: JSON) {
        if let step = json["step"]?.integerValue {
            self = .step(Int(step))
        } else if let reference = json["image"]?.stringValue {
            self = .image(
                reference: reference, digest: json["digest"]?.stringValue ?? "",
                content: json["content"]?.stringValue ?? "")
        } else {
            self = .other(key: json["key"]?.stringValue ?? "", ingredients: json["ingredients"] ?? .object([:]))
        }
    }

    fileprivate var json: JSON {
        switch self {
        case .step(let place): ["step": .integer(Int64(place))]
        case .image(let reference, let digest, let content):
            ["image": .string(reference), "digest": .string(digest), "content": .string(content)]
        case .other(let key, let ingredients): ["key": .string(key), "ingredients": ingredients]
        }
    }
}
