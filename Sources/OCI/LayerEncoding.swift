/// How an image's layers are made into blobs where that is not left to the layer contract.
package struct LayerEncoding: Hashable, Sendable {
    package let compression: LayerCompression
    /// nil for the compression's own.
    package let level: Int?
    /// Layers of the base image too, which otherwise keep the blobs their registry has.
    package let isForced: Bool

    package init(_ compression: LayerCompression, level: Int? = nil, isForced: Bool = false) {
        self.compression = compression
        self.level = level
        self.isForced = isForced
    }
}

extension LayerCompression {
    /// What an encoder can be told; more takes longer and makes smaller blobs.
    package var levels: ClosedRange<Int> {
        switch self {
        case .none: 0...0
        case .gzip: 0...12
        case .zstd: 1...22
        }
    }
}
