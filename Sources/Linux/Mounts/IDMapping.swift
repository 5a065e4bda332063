/// The host's user and group ids that stand for the ids from 0 of a container, in one range or several one after the other.
package struct IDMapping: Hashable, Sendable {
    /// As in user_namespaces(7): `count` ids from `inside` on are those from `outside` on.
    private struct Extent: Hashable {
        let inside: UInt32
        let outside: UInt32
        let count: UInt32
    }

    private var extents: [Extent]
    /// How many ids the container has: all below it.
    package private(set) var count: UInt32

    package init(base: UInt32, count: UInt32 = 65536) {
        extents = []
        self.count = 0
        append(base: base, count: count)
    }

    /// The same with `count` more ids, which are those from `base` on outside.
    package func extended(base: UInt32, count: UInt32) -> IDMapping {
        var mapping = self
        mapping.append(base: base, count: count)
        return mapping
    }

    private mutating func append(base: UInt32, count more: UInt32) {
        precondition(more > 0 && base <= UInt32.max - more && count <= UInt32.max - more)
        extents.append(Extent(inside: count, outside: base, count: more))
        count += more
    }

    /// What root is outside.
    package var base: UInt32 { extents[0].outside }

    /// The id outside; nil if the container has no such id.
    package func outside(_ id: UInt32) -> UInt32? {
        extents.first { id >= $0.inside && id - $0.inside < $0.count }.map { $0.outside + (id - $0.inside) }
    }

    /// The id inside; nil for ids that are none of these.
    package func inside(_ id: UInt32) -> UInt32? {
        extents.first { id >= $0.outside && id - $0.outside < $0.count }.map { $0.inside + (id - $0.outside) }
    }

    /// The text of `/proc/<pid>/uid_map` (user_namespaces(7)).
    package var mapText: String { extents.map { "\($0.inside) \($0.outside) \($0.count)\n" }.joined() }

    /// The ids outside, for people.
    package var outsideText: String {
        extents.map { "\($0.outside) to \($0.outside + ($0.count - 1))" }.joined(separator: " and ")
    }
}
