extension YAMLNode {
    /// The one document in `bytes`, UTF-8, with its aliases resolved; nil if there is none.
    package static func parse(
        _ bytes: some Collection<UInt8>, limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> YAMLNode? {
        let composer = YAMLComposer(bytes, limits)
        return try composer.document()
    }
}

/// Makes nodes of events.
private final class YAMLComposer {
    private let events: YAMLEvents
    private let limits: YAMLLimits
    /// With the nodes that each is and holds.
    private var anchors: [String: (node: YAMLNode, count: Int)] = [:]
    private var count = 0
    private var aliases = 0

    init(_ bytes: some Collection<UInt8>, _ limits: YAMLLimits) {
        events = YAMLEvents(bytes)
        self.limits = limits
    }

    func document() throws(YAMLError) -> YAMLNode? {
        guard case .documentStart = try events.next() else { return nil }
        let root = try node(try events.next(), depth: 0)
        _ = try events.next()
        guard case .streamEnd = try events.next() else { throw YAMLError(.severalDocuments, at: events.place) }
        return root
    }

    private func node(_ event: YAMLEvents.Event, depth: Int) throws(YAMLError) -> YAMLNode {
        let place = events.place
        if case .alias(let name) = event { return try anchored(name, at: place) }
        let before = count
        try add(1, at: place)
        guard depth <= limits.depth else { throw YAMLError(.tooDeep(limit: limits.depth), at: place) }
        let content: YAMLNode.Content
        let properties: YAMLEvents.Properties
        switch event {
        case .scalar(let scalar, let found): (content, properties) = (.scalar(scalar), found)
        case .sequenceStart(let found): (content, properties) = (.sequence(try sequence(depth)), found)
        case .mappingStart(let found): (content, properties) = (.mapping(try mapping(depth)), found)
        default: throw YAMLError(.syntax("a value is missing"), at: place)
        }
        let node = YAMLNode(content: content, tag: properties.tag, place: place)
        if let anchor = properties.anchor { anchors[anchor] = (node, count - before) }
        return node
    }

    private func sequence(_ depth: Int) throws(YAMLError) -> [YAMLNode] {
        var nodes: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .end = event { return nodes }
            nodes.append(try node(event, depth: depth + 1))
        }
    }

    private func mapping(_ depth: Int) throws(YAMLError) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var places: [String: YAMLPlace] = [:]
        while true {
            let event = try events.next()
            if case .end = event { return entries }
            let place = events.place
            guard case .scalar(let key) = try node(event, depth: depth + 1).content else {
                throw YAMLError(.compoundKey, at: place)
            }
            let entry = YAMLEntry(key: key, place: place, value: try node(try events.next(), depth: depth + 1))
            if let first = places.updateValue(place, forKey: key.text), !entry.isMerge {
                throw YAMLError(.repeatedKey(key.text), at: first)
            }
            entries.append(entry)
        }
    }

    private func anchored(_ name: String, at place: YAMLPlace) throws(YAMLError) -> YAMLNode {
        aliases += 1
        guard aliases <= limits.aliases else { throw YAMLError(.tooManyAliases(limit: limits.aliases), at: place) }
        guard let anchor = anchors[name] else { throw YAMLError(.undefinedAlias(name), at: place) }
        try add(anchor.count, at: place)
        return anchor.node
    }

    private func add(_ nodes: Int, at place: YAMLPlace) throws(YAMLError) {
        count += nodes
        guard count <= limits.nodes else { throw YAMLError(.tooManyNodes(limit: limits.nodes), at: place) }
    }
}
