/// What an archive may claim before it is refused. Everything a header says costs memory here only within these.
package struct TarLimits: Sendable {
    /// Entries of an archive; extra headers count a third.
    package var entries = 1_000_000
    /// Bytes of one extended header, with everything in it.
    package var extendedHeader = 1 << 20
    /// Bytes of a path or link target, and of one component: what Linux opens.
    package var path = 4095
    package var component = 255
    /// Bytes of names and values of one entry's extended attributes: what an EROFS inode holds.
    package var attributes = 200_000
    package var attributeValue = 65_535
    /// Pieces of one sparse file.
    package var segments = 100_000
    /// Bytes that all sparse files together have when holes are counted.
    package var sparseBytes: Int64 = 256 << 30

    package init() {}
}
