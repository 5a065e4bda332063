/// The formats in which archives come.
package enum CompressionFormat: String, Hashable, Sendable, CaseIterable {
    case none
    case gzip
    case bzip2
    case xz
    case zstd

    /// As many first bytes as `init(sniffing:)` looks at.
    package static let magicLength = 6

    /// What the first bytes of a stream say it is; the name of a file says nothing.
    package init(sniffing bytes: some Collection<UInt8>) {
        if bytes.starts(with: [0x1F, 0x8B, 0x08]) {
            self = .gzip
        } else if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || CompressionFormat.isSkippableFrame(bytes) {
            self = .zstd
        } else if bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) {
            self = .xz
        } else if bytes.starts(with: "BZh".utf8) {
            self = .bzip2
        } else {
            self = .none
        }
    }

    /// A zstd stream may begin with a frame for others.
    private static func isSkippableFrame(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, first & 0xF0 == 0x50 else { return false }
        return bytes.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
    }
}
