internal import OCI

/// The head of an index: what the kernel reads first, and what tells an index of ours from any other file.
///
/// The volume name holds the version of the index and the layer's marks; the tag of the device slot, which the kernel ignores
/// when it is given a device, holds the digest of the whole image with tag and checksum blank.
struct Superblock {
    /// Changes whenever the same tar would give other bytes: older indexes are rebuilt.
    private static let volumePrefix = Array("caisson1".utf8)
    private static let impliedMark = UInt8(ascii: "p")
    private static let opaqueMark = UInt8(ascii: "o")
    private static let rootMark = UInt8(ascii: "r")

    private static let checksumField = Erofs.superblockOffset + 4
    private static let uuidField = Erofs.superblockOffset + 48
    private static let volumeField = Erofs.superblockOffset + 64
    private static let tagField = Erofs.deviceSlotOffset
    private static let tagLength = 64

    let diffID: DiffID
    var rootPosition = Erofs.inodeAreaOffset
    var inodeCount = 0
    var imageBlocks: UInt32 = 0
    var tarBlocks: UInt32 = 0
    var hasChunks = false
    var marks = LayerMarks()

    init(diffID: DiffID) { self.diffID = diffID }

    func write(to image: UnsafeMutableRawBufferPointer) {
        let at = Erofs.superblockOffset
        image.store(Erofs.magic, at: at)
        image.store(Erofs.featureChecksum | Erofs.featureModificationTime, at: at + 8)
        image[at + 12] = UInt8(Erofs.blockBits)
        image.store(UInt16(rootPosition / Erofs.inodeSlot), at: at + 14)
        image.store(UInt64(inodeCount), at: at + 16)
        image.store(imageBlocks, at: at + 36)
        image.store(diffID.digest.bytes.prefix(16), at: Self.uuidField)
        image.store(Self.volumePrefix, at: Self.volumeField)
        image[Self.volumeField + 8] = marks.impliesDirectories ? Self.impliedMark : 0
        image[Self.volumeField + 9] = marks.hidesLowerLayers ? Self.opaqueMark : 0
        image[Self.volumeField + 10] = marks.describesRoot ? Self.rootMark : 0
        image.store(Erofs.featureDeviceTable | (hasChunks ? Erofs.featureChunkedFile : 0), at: at + 80)
        image.store(UInt16(1), at: at + 86)
        image.store(UInt16(Erofs.deviceSlotOffset / 128), at: at + 88)
        image.store(tarBlocks, at: Erofs.deviceSlotOffset + 64)
        // Where the tar's blocks start in the address space of both: behind the image's own.
        image.store(imageBlocks, at: Erofs.deviceSlotOffset + 68)
    }

    /// Fills in the digest of the image and the checksum the kernel wants.
    static func seal(_ image: inout [UInt8]) {
        let digest = Digest.of(image)
        image.withUnsafeMutableBytes { image in
            image.store(Array(digest.hex.utf8), at: tagField)
            let start = Erofs.superblockOffset
            let block = UnsafeRawBufferPointer(rebasing: image[start..<start + Erofs.blockSize])
            image.store(Erofs.checksum(block), at: checksumField)
        }
    }

    /// Whether every byte of an index is what it was when it was made, whatever layer it is of.
    static func hasItsContent(_ image: [UInt8]) -> Bool {
        guard image.count >= Erofs.imageAlignment else { return false }
        let tag = Self.tagField..<Self.tagField + Self.tagLength
        var blank = image[..<Erofs.inodeAreaOffset]
        blank.replaceSubrange(tag, with: repeatElement(0, count: Self.tagLength))
        blank.replaceSubrange(Self.checksumField..<Self.checksumField + 4, with: repeatElement(0, count: 4))
        var hasher = SHA256Hasher()
        hasher.update(blank)
        hasher.update(image[Erofs.inodeAreaOffset...])
        return image[tag].elementsEqual(hasher.finish().hex.utf8)
    }

    /// Reads the head of a whole index, once every byte of it is what it was when it was made, for this layer.
    init(verifying image: [UInt8], diffID: DiffID) throws(StorageError) {
        func damaged(_ reason: String) -> StorageError {
            StorageError(.damaged, "cannot use the index of layer \(diffID): \(reason)")
        }
        guard image.count >= Erofs.imageAlignment,
            image.integer(UInt32.self, at: Erofs.superblockOffset) == Erofs.magic,
            image[Self.volumeField..<Self.volumeField + 8].elementsEqual(Self.volumePrefix)
        else { throw damaged("it is none of this version") }
        self.diffID = diffID
        imageBlocks = image.integer(UInt32.self, at: Erofs.superblockOffset + 36)
        tarBlocks = image.integer(UInt32.self, at: Erofs.deviceSlotOffset + 64)
        guard image[Self.uuidField..<Self.uuidField + 16].elementsEqual(diffID.digest.bytes.prefix(16)) else {
            throw damaged("it belongs to another layer")
        }
        guard Int(imageBlocks) * Erofs.blockSize == image.count else { throw damaged("it is cut off") }
        guard Self.hasItsContent(image) else { throw damaged("its content has changed") }
        marks.impliesDirectories = image[Self.volumeField + 8] == Self.impliedMark
        marks.hidesLowerLayers = image[Self.volumeField + 9] == Self.opaqueMark
        marks.describesRoot = image[Self.volumeField + 10] == Self.rootMark
    }
}

extension [UInt8] {
    fileprivate func integer<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type, at offset: Int) -> Value {
        withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
    }
}
