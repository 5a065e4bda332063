/// A path inside a layer, a context or an archive: raw bytes, relative to its root, components joined by single
/// slashes, no `.` or `..`, no leading or trailing slash. The root itself is the empty path.
///
/// Not `String`: names are bytes, and two names that Unicode calls equivalent are two files. Ordered bytewise.
package struct EntryPath: Hashable, Sendable, Comparable {
    package let bytes: [UInt8]

    package static let root = EntryPath(unchecked: [])

    /// The caller guarantees the form.
    package init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// Normalises `text` as a path below a root: leading slashes, `.` and empty components vanish. nil if a component
    /// is `..` or a byte is zero.
    package init?(_ text: some Collection<UInt8>) {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = text.startIndex
        while index != text.endIndex {
            let start = index
            var length = 0
            while index != text.endIndex, text[index] != UInt8(ascii: "/") {
                if text[index] == 0 { return nil }
                text.formIndex(after: &index)
                length += 1
            }
            let component = text[start..<index]
            if index != text.endIndex { text.formIndex(after: &index) }
            if length == 0 { continue }
            if length <= 2, component.allSatisfy({ $0 == UInt8(ascii: ".") }) {
                if length == 2 { return nil }
                continue
            }
            if !result.isEmpty { result.append(UInt8(ascii: "/")) }
            result.append(contentsOf: component)
        }
        bytes = result
    }

    package init?(_ text: String) { self.init(Array(text.utf8)) }

    package var isRoot: Bool { bytes.isEmpty }

    /// The last component; empty for the root.
    package var name: ArraySlice<UInt8> {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return bytes[...] }
        return bytes[(slash + 1)...]
    }

    /// nil for the root.
    package var parent: EntryPath? {
        if bytes.isEmpty { return nil }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return .root }
        return EntryPath(unchecked: Array(bytes[..<slash]))
    }

    /// Bytes of the longest component.
    package var longestComponent: Int {
        var longest = 0
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "/") {
            longest = max(longest, index - start)
            start = index + 1
        }
        return max(longest, bytes.count - start)
    }

    package var components: [ArraySlice<UInt8>] { bytes.split(separator: UInt8(ascii: "/")) }

    /// `name` is one component.
    package func appending(_ name: some Collection<UInt8>) -> EntryPath {
        var result = bytes
        result.reserveCapacity(bytes.count + 1 + name.count)
        if !result.isEmpty { result.append(UInt8(ascii: "/")) }
        result.append(contentsOf: name)
        return EntryPath(unchecked: result)
    }

    package func appending(_ path: EntryPath) -> EntryPath {
        path.isRoot ? self : appending(path.bytes)
    }

    /// Whether this is `other` or lies below it.
    package func isAtOrBelow(_ other: EntryPath) -> Bool {
        if other.isRoot { return true }
        guard bytes.count >= other.bytes.count, bytes.starts(with: other.bytes) else { return false }
        return bytes.count == other.bytes.count || bytes[other.bytes.count] == UInt8(ascii: "/")
    }

    package func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    package static func < (a: EntryPath, b: EntryPath) -> Bool {
        a.bytes.withUnsafeBytes { a in
            b.bytes.withUnsafeBytes { b in a.lexicographicallyPrecedes(b) }
        }
    }
}

extension EntryPath: CustomStringConvertible {
    /// For people: bytes that are not UTF-8 become replacement characters.
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}
