/// One entry of a tar archive with everything its headers say (POSIX.1-2017 pax, ustar, GNU extensions).
package struct TarEntry: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Content of `size` bytes at `offset` in the archive. A sparse file's `segments` name where its stored pieces
        /// belong; everything else in it is zeros.
        case file(size: Int64, offset: Int64, segments: [Segment]?)
        case directory
        /// The target as written.
        case symbolicLink([UInt8])
        /// Another name of an earlier file of the same archive.
        case hardLink(EntryPath)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    /// `length` bytes stored at `storedAt` in the archive belong at `offset` in the file.
    package struct Segment: Hashable, Sendable {
        package var offset: Int64
        package var length: Int64
        package var storedAt: Int64

        package init(offset: Int64, length: Int64, storedAt: Int64) {
            self.offset = offset
            self.length = length
            self.storedAt = storedAt
        }
    }

    package var path: EntryPath
    package var kind: Kind
    /// The twelve permission bits; no type bits.
    package var mode: UInt16
    package var uid: UInt32
    package var gid: UInt32
    package var modified: Timestamp
    /// Names in bytewise order, each once.
    package var attributes: [ExtendedAttribute]

    package init(
        path: EntryPath, kind: Kind, mode: UInt16, uid: UInt32 = 0, gid: UInt32 = 0,
        modified: Timestamp = Timestamp(seconds: 0), attributes: [ExtendedAttribute] = []
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.modified = modified
        self.attributes = attributes
    }

    package var isDirectory: Bool { kind == .directory }
}

/// A point in time of a file system: seconds since 1970 and nanoseconds within the second.
package struct Timestamp: Hashable, Sendable, Comparable {
    package var seconds: Int64
    package var nanoseconds: UInt32

    package init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static func < (a: Timestamp, b: Timestamp) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
}

/// An extended attribute by its full name (`security.capability`, `user.…`).
package struct ExtendedAttribute: Hashable, Sendable {
    package var name: [UInt8]
    package var value: [UInt8]

    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
