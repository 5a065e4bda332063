internal import Archive
internal import Linux

/// The extended attributes of files that matter to layers.
enum FileAttributes {
    private static let capability = Array("security.capability".utf8)
    private static let opaque = Array("trusted.overlay.opaque".utf8)
    private static let origin = Array("trusted.overlay.origin".utf8)
    private static let here = [UInt8(ascii: ".")]

    /// Those that layers keep, in bytewise order of their names. Capabilities that count for the user namespace whose
    /// root is `ids`' become plain ones.
    static func kept(of name: [UInt8], in directory: CInt, ids: IDMapping?) throws -> [ExtendedAttribute] {
        let names = try ExtendedAttributes.names(of: name, in: directory)
        if names.isEmpty { return [] }
        return try names.filter { LayerWriter.keeps($0) }.sorted { $0.lexicographicallyPrecedes($1) }.map { attribute in
            var value = try ExtendedAttributes.value(of: attribute, of: name, in: directory)
            if attribute == capability, let ids { value = plainCapability(value, ids) }
            return ExtendedAttribute(name: attribute, value: value)
        }
    }

    /// Whether overlayfs hides what lower layers have in the directory.
    static func isOpaque(_ directory: CInt) throws -> Bool {
        guard try ExtendedAttributes.names(of: here, in: directory).contains(opaque) else { return false }
        return try ExtendedAttributes.value(of: opaque, of: here, in: directory) == [UInt8(ascii: "y")]
    }

    static func makeOpaque(_ directory: CInt) throws(SystemError) {
        try ExtendedAttributes.set(opaque, to: [UInt8(ascii: "y")], of: here, in: directory)
    }

    /// Makes overlayfs filter whiteouts out of a directory that no other layer has.
    static func markWhiteouts(in directory: CInt) throws(SystemError) {
        try ExtendedAttributes.set(origin, to: [], of: here, in: directory)
    }

    /// A capability with a root id (capabilities(7), VFS_CAP_REVISION_3) without it, if that is the root of `ids`.
    private static func plainCapability(_ value: [UInt8], _ ids: IDMapping) -> [UInt8] {
        func word(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(value[offset + $1]) << UInt32(8 * $1) }
        }
        guard value.count == 24, word(0) >> 24 == 3, word(20) == ids.base else { return value }
        return value[..<3] + [2] + value[4..<20]
    }
}
