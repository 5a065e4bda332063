/// Numbers of the EROFS on-disk format (https://erofs.docs.kernel.org/en/latest/core_ondisk.html), as far as an image
/// whose data lies in a tar needs them. All integers are little endian. The block size is 512, the tar's own, so that
/// every file of the tar starts on a block.
///
///     0 zeros · 1024 superblock · 1152 device slot · 1280 inodes, each with its attributes and inline tail ·
///     blocks of directories and long links · padding to 4096
enum Erofs {
    static let blockBits = 9
    static let blockSize = 1 << blockBits
    static let superblockOffset = 1024
    static let deviceSlotOffset = 1152
    static let inodeAreaOffset = 1280
    /// What the image is padded to: the page, which loop devices want.
    static let imageAlignment = 4096

    static let magic: UInt32 = 0xE0F5_E1E2
    static let featureChecksum: UInt32 = 0x1
    static let featureModificationTime: UInt32 = 0x2
    static let featureChunkedFile: UInt32 = 0x4
    static let featureDeviceTable: UInt32 = 0x8

    /// Inode numbers count in these from the start of the image.
    static let inodeSlot = 32
    static let inodeSize = 64
    static let directoryEntrySize = 12
    static let attributeHeaderSize = 12
    static let attributeEntrySize = 4
    static let maximumNameLength = 255
    static let maximumLinkLength = 4095

    enum DataLayout: UInt16 {
        /// Consecutive blocks.
        case plain = 0
        /// Consecutive blocks, and what is left behind the inode.
        case inline = 2
        /// A table of chunks, each somewhere or a hole.
        case chunked = 4
    }

    enum FileType: UInt8 {
        case regular = 1
        case directory = 2
        case characterDevice = 3
        case blockDevice = 4
        case fifo = 5
        case symbolicLink = 7
    }

    /// CRC-32C without the final inversion, as the superblock wants it.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
        return crc
    }
}
