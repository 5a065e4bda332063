package import OCI

/// Tells persistent caches apart: what a mount says of its cache, whoever mounts it. Two mounts that differ in any of
/// it have two caches.
package struct CacheMountID: Hashable, Sendable {
    /// That of the builds which use it, nil for those without. No Dockerfile and no build argument reaches into another.
    package var scope: String?
    /// Before every `name`, so that projects of one store keep to themselves.
    package var namespace: String
    /// As the mount has it; never part of a path.
    package var name: String
    /// The content the cache begins with; nil for an empty one.
    package var seed: Digest?
    /// Of the cache's own directory when it is made; nil is the default, which is another cache than one that says so.
    package var mode: UInt16?
    package var uid: UInt32?
    package var gid: UInt32?

    package init(
        scope: String? = nil, namespace: String = "", name: String, seed: Digest? = nil, mode: UInt16? = nil,
        uid: UInt32? = nil,
        gid: UInt32? = nil
    ) {
        self.scope = scope
        self.namespace = namespace
        self.name = name
        self.seed = seed
        self.mode = mode
        self.uid = uid
        self.gid = gid
    }

    /// Its name in the store.
    package var digest: Digest { Digest.of(json.canonicalBytes) }

    package var json: JSON {
        var members: JSONObject = ["namespace": .string(namespace), "name": .string(name)]
        if let scope { members["scope"] = .string(scope) }
        if let seed { members["seed"] = .string(seed.description) }
        if let mode { members["mode"] = .string(String(mode, radix: 8)) }
        if let uid { members["uid"] = .integer(Int64(uid)) }
        if let gid { members["gid"] = .integer(Int64(gid)) }
        return .object(members)
    }

    /// nil if `json` is not one.
    init?(_ json: JSON) {
        guard let namespace = json["namespace"]?.stringValue, let name = json["name"]?.stringValue else { return nil }
        self.init(
            scope: json["scope"]?.stringValue, namespace: namespace, name: name,
            seed: json["seed"]?.stringValue.flatMap { try? Digest(parsing: $0) },
            mode: json["mode"]?.stringValue.flatMap { UInt16($0, radix: 8) },
            uid: json["uid"]?.integerValue.flatMap { UInt32(exactly: $0) },
            gid: json["gid"]?.integerValue.flatMap { UInt32(exactly: $0) })
    }
}

/// What several users of one cache may do at the same time.
package enum CacheMountSharing: Hashable, Sendable {
    /// All use one directory.
    case shared
    /// Each has a directory of its own: one that is free, or a new one.
    case `private`
    /// All use one directory, one after the other.
    case locked
}
