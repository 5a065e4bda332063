package import OCI

/// Something in a store that goes or stays as a whole.
package struct StoreItem: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// The result of a build step: its records and the layers that no other item needs.
        case step
        /// An image by name, with its documents and blobs.
        case image
        /// A layer that no step and no image needs: of an image that was copied from, or of a step that was removed.
        case layer
        /// A document or compressed layer that no image needs.
        case blob
        /// A cache mount.
        case mount
        /// The mirror of a repository.
        case git
        /// What is known of the latest build of a place.
        case journal
        /// What processes that died have left.
        case work
        /// Damaged content that a check put aside.
        case damaged
    }

    /// Why an item stays whatever is asked.
    package enum Hold: String, Hashable, Sendable {
        case running = "a running build uses it"
        case onlyCopy = "the image is in no registry; `caisson image rm` takes its name off"
        case otherProcess = "another process has the store open"
    }

    package let kind: Kind
    /// Of its kind: a digest, a name.
    package let id: String
    /// For people: the instruction of a step, the name of an image.
    package let title: String
    /// Bytes on disk that go with it.
    package let size: Int64
    /// Bytes on disk that it needs and others too.
    package let shared: Int64
    /// Seconds since 1970.
    package let lastUsed: Int64
    package let hold: Hold?

    package var json: JSON {
        [
            "kind": .string(kind.rawValue), "id": .string(id), "title": .string(title), "size": .integer(size),
            "shared": .integer(shared), "lastUsed": .integer(lastUsed), "hold": hold.map { .string($0.rawValue) },
        ]
    }
}

/// What a store takes on disk, by what it is for.
package struct StoreUsage: Hashable, Sendable {
    /// In bytes of allocated blocks, by directory of the store.
    package internal(set) var directories: [String: Int64] = [:]
    package internal(set) var total: Int64 = 0
    /// What a collection of everything would give back.
    package internal(set) var reclaimable: Int64 = 0

    package var json: JSON {
        [
            "total": .integer(total), "reclaimable": .integer(reclaimable),
            "directories": .object(
                directories.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { $0[$1.key] = .integer($1.value) }),
        ]
    }
}
