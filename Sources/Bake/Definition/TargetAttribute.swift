// The attributes of a target: https://docs.docker.com/build/bake/reference/#target

/// An attribute of a target; the order is that in which they are printed.
package enum TargetAttribute: String, CaseIterable, Hashable, Sendable {
    case description
    case inherits
    case annotations
    case attest
    case context
    case contexts
    case dockerfile
    case dockerfileInline = "dockerfile-inline"
    case args
    case labels
    case tags
    case cacheFrom = "cache-from"
    case cacheTo = "cache-to"
    case target
    case secret
    case ssh
    case platforms
    case output
    case pull
    case noCache = "no-cache"
    case network
    case noCacheFilter = "no-cache-filter"
    case sharedMemory = "shm-size"
    case ulimits
    case call
    case entitlements
    case extraHosts = "extra-hosts"
    case policy

    enum Kind {
        case text, flag, texts, map, fields
    }

    var kind: Kind {
        switch self {
        case .description, .context, .dockerfile, .dockerfileInline, .target, .network, .sharedMemory, .call: .text
        case .pull, .noCache: .flag
        case .inherits, .annotations, .tags, .platforms, .noCacheFilter, .ulimits, .entitlements: .texts
        case .contexts, .args, .labels, .extraHosts: .map
        case .attest, .cacheFrom, .cacheTo, .secret, .ssh, .output, .policy: .fields
        }
    }

    /// Whether what a child sets is added to what it inherits; otherwise it stands in its place. Maps are always merged.
    var isAdded: Bool {
        switch self {
        case .annotations, .attest, .cacheFrom, .secret, .ssh, .noCacheFilter, .ulimits, .entitlements, .policy: true
        default: false
        }
    }

    /// Printed so that a bake file of the JSON form with the text means the same.
    var isTemplate: Bool {
        switch self {
        case .annotations, .dockerfileInline, .labels, .args, .extraHosts: true
        default: false
        }
    }

    static let names = allCases.map(\.rawValue) + ["name", "matrix"]
}

/// What an attribute is set to.
package enum AttributeValue: Hashable, Sendable {
    case text(String)
    case flag(Bool)
    case texts([String])
    case map([String: String])
    case fields([OptionFields])
}

/// A target: what to build, from what, for whom; what was not set is not there.
package struct BakeTarget: Sendable {
    package struct Attribute: Sendable {
        package var value: AttributeValue
        /// Where it was set last; nil for what the command line sets.
        package var place: Place?
    }

    package var name: String
    package var attributes: [TargetAttribute: Attribute] = [:]
    /// Only built because another one starts from it.
    package var isLinked = false

    init(name: String) { self.name = name }

    subscript(attribute: TargetAttribute) -> AttributeValue? { attributes[attribute]?.value }

    package func text(_ attribute: TargetAttribute) -> String? {
        if case .text(let text)? = self[attribute] { return text }
        return nil
    }

    package func flag(_ attribute: TargetAttribute) -> Bool {
        if case .flag(let flag)? = self[attribute] { return flag }
        return false
    }

    package func texts(_ attribute: TargetAttribute) -> [String] {
        if case .texts(let texts)? = self[attribute] { return texts }
        return []
    }

    package func map(_ attribute: TargetAttribute) -> [String: String] {
        if case .map(let map)? = self[attribute] { return map }
        return [:]
    }

    package func fields(_ attribute: TargetAttribute) -> [OptionFields] {
        if case .fields(let fields)? = self[attribute] { return fields }
        return []
    }

    // MARK: Merging

    mutating func set(_ attribute: TargetAttribute, _ value: AttributeValue, at place: Place? = nil) {
        attributes[attribute] = Attribute(value: value, place: place)
    }

    mutating func merge(_ attribute: TargetAttribute, _ new: Attribute) {
        var merged = new
        switch (self[attribute], new.value) {
        case (.map(let old)?, .map(let map)): merged.value = .map(old.merging(map) { $1 })
        case (.texts(let old)?, .texts(let texts)) where attribute.isAdded: merged.value = .texts(old + texts)
        case (.fields(let old)?, .fields(let fields)) where attribute == .attest:
            // One of each type.
            merged.value = .fields(old.filter { a in !fields.contains { $0["type"] == a["type"] } } + fields)
        case (.fields(let old)?, .fields(let fields)) where attribute.isAdded: merged.value = .fields(old + fields)
        default: break
        }
        attributes[attribute] = merged
    }

    mutating func merge(_ other: BakeTarget) {
        for (attribute, value) in other.attributes { merge(attribute, value) }
    }

    /// Without what stands twice, and what was unset again.
    mutating func normalize() {
        if text(.network) == "host" {
            merge(.entitlements, Attribute(value: .texts(["network.host"]), place: attributes[.network]?.place))
        }
        for (attribute, current) in attributes {
            switch current.value {
            case .texts(let texts): attributes[attribute]?.value = .texts(texts.filter { !$0.isEmpty }.distinct())
            case .fields(let fields): attributes[attribute]?.value = .fields(fields.distinct())
            case .map(let map) where attribute == .contexts:
                attributes[attribute]?.value = .map(map.filter { !$0.value.isEmpty })
            default: break
            }
        }
    }
}
