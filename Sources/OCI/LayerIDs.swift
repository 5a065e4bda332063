/// The digest of a layer's uncompressed tar (image-spec 1.1, config.md).
package struct DiffID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let digest: Digest

    package init(_ digest: Digest) { self.digest = digest }

    package var description: String { digest.description }

    package static func < (a: DiffID, b: DiffID) -> Bool { a.digest < b.digest }
}

/// The identity of a stack of layers: the first diffID, then SHA-256 of `<chainID> <diffID>` for each further layer.
package struct ChainID: Hashable, Sendable, CustomStringConvertible {
    package let digest: Digest

    package init(_ digest: Digest) { self.digest = digest }

    /// The chainID of `layers`, lowest first; nil for an empty stack.
    package init?(of layers: some Sequence<DiffID>) {
        var chain: Digest?
        for layer in layers {
            chain = chain.map { Digest.of(Array("\($0) \(layer)".utf8)) } ?? layer.digest
        }
        guard let chain else { return nil }
        digest = chain
    }

    package var description: String { digest.description }
}
