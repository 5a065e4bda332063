internal import Archive

/// The extended attributes of an inode as they follow it: a header of twelve bytes, then entries padded to four.
///
/// Of an archive's attributes only `user.*` and `security.capability` pass. Never overlayfs's own: with those a layer
/// could point its files into other layers.
struct AttributeBody {
    private struct Attribute {
        var prefix: UInt8
        var suffix: ArraySlice<UInt8>
        var value: [UInt8]

        var size: Int { (Erofs.attributeEntrySize + suffix.count + value.count).roundedUp(to: 4) }
    }

    private static let userPrefix: UInt8 = 1
    private static let trustedPrefix: UInt8 = 4
    private static let securityPrefix: UInt8 = 6

    private var attributes: [Attribute] = []

    /// `isOpaque` hides what lower layers have in the directory; `hasWhiteouts` makes overlayfs filter its listing even
    /// where no other layer has the directory.
    init(_ own: [ExtendedAttribute], isOpaque: Bool, hasWhiteouts: Bool) {
        for attribute in own {
            if Self.isUsers(attribute.name) {
                attributes.append(
                    Attribute(prefix: Self.userPrefix, suffix: attribute.name.dropFirst(5), value: attribute.value))
            } else if attribute.name.elementsEqual("security.capability".utf8) {
                attributes.append(
                    Attribute(prefix: Self.securityPrefix, suffix: attribute.name.dropFirst(9), value: attribute.value))
            }
        }
        if isOpaque { addTrusted("overlay.opaque", [UInt8(ascii: "y")]) }
        if hasWhiteouts { addTrusted("overlay.origin", []) }
    }

    private static func isUsers(_ name: [UInt8]) -> Bool {
        name.starts(with: "user.".utf8) && name.count > 5 && !name.starts(with: "user.overlay.".utf8)
    }

    private mutating func addTrusted(_ suffix: String, _ value: [UInt8]) {
        attributes.append(Attribute(prefix: Self.trustedPrefix, suffix: ArraySlice(suffix.utf8), value: value))
    }

    var isEmpty: Bool { attributes.isEmpty }

    var size: Int { attributes.reduce(Erofs.attributeHeaderSize) { $0 + $1.size } }

    /// Whether the format has numbers for it.
    var fits: Bool {
        size <= Erofs.attributeHeaderSize + (Int(UInt16.max) - 1) * 4
            && attributes.allSatisfy { $0.suffix.count <= UInt8.max && $0.value.count <= UInt16.max }
    }

    /// The inode's count: of four-byte units beyond the header, plus one.
    var count: UInt16 { UInt16((size - Erofs.attributeHeaderSize) / 4 + 1) }

    func write(to image: UnsafeMutableRawBufferPointer, at start: Int) {
        var position = start + Erofs.attributeHeaderSize
        for attribute in attributes {
            image[position] = UInt8(attribute.suffix.count)
            image[position + 1] = attribute.prefix
            image.store(UInt16(attribute.value.count), at: position + 2)
            image.store(attribute.suffix, at: position + Erofs.attributeEntrySize)
            image.store(attribute.value, at: position + Erofs.attributeEntrySize + attribute.suffix.count)
            position += attribute.size
        }
    }
}
