/// A contiguous range of the host's user and group ids that stands for the ids from 0 of a container: inside `id`,
/// outside `base + id`.
package struct IDMapping: Hashable, Sendable {
    package let base: UInt32
    package let count: UInt32

    package init(base: UInt32, count: UInt32 = 65536) {
        precondition(count > 0 && base <= UInt32.max - count)
        self.base = base
        self.count = count
    }

    /// The id outside; nil if the container has no such id.
    package func outside(_ id: UInt32) -> UInt32? { id < count ? base + id : nil }

    /// The id inside; nil for ids that are not of this range.
    package func inside(_ id: UInt32) -> UInt32? { id >= base && id - base < count ? id - base : nil }

    /// A line of `/proc/<pid>/uid_map` (user_namespaces(7)).
    package var mapLine: String { "0 \(base) \(count)\n" }
}
