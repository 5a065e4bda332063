/// What a collection takes. Without age, size and `takesAll` it takes what nothing needs.
package struct CollectionPolicy: Hashable, Sendable {
    package var kinds: Set<StoreItem.Kind>
    /// Seconds after its last use that an item stays.
    package var keepsFor: Int64?
    /// Bytes on disk the store may take: what was of use least recently goes until it does.
    package var maximumSize: Int64?
    /// Everything that nobody uses at the moment.
    package var takesAll: Bool

    package init(
        kinds: Set<StoreItem.Kind> = Set(StoreItem.Kind.allCases), keepsFor: Int64? = nil, maximumSize: Int64? = nil,
        takesAll: Bool = false
    ) {
        self.kinds = kinds
        self.keepsFor = keepsFor
        self.maximumSize = maximumSize
        self.takesAll = takesAll
    }

    var isBounded: Bool { keepsFor != nil || maximumSize != nil }
}

/// Something that goes, and why.
package struct Removal: Hashable, Sendable {
    package let item: StoreItem
    /// For people, lower case.
    package let reason: String
}

/// What a collection did or would do.
package struct CollectionReport: Hashable, Sendable {
    package internal(set) var removals: [Removal] = []
    /// What would have gone but stays, with `hold` set.
    package internal(set) var held: [StoreItem] = []
    /// Bytes on disk before it.
    package internal(set) var sizeBefore: Int64 = 0

    package var freed: Int64 { removals.reduce(0) { $0 + $1.item.size } }
}
