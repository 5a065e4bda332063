package import OCI

/// Names the result of a step by everything that can influence it: SHA-256 of the canonical JSON of the ingredients.
package struct CacheKey: Hashable, Sendable, CustomStringConvertible {
    package let digest: Digest

    /// The layout of ingredients and of our own layers; a new one makes every older record a miss.
    static let contract: Int64 = 1

    package init(_ ingredients: JSON) {
        digest = Digest.of((["contract": .integer(Self.contract), "of": ingredients] as JSON).canonicalBytes)
    }

    /// A key that was written down.
    init(digest: Digest) { self.digest = digest }

    package var description: String { digest.hex }
}

/// The stack of layers that a vertex results in, lowest first.
package struct LayerChain: Hashable, Sendable {
    package var layers: [DiffID]

    package init(_ layers: [DiffID] = []) { self.layers = layers }

    /// Names the content in keys; an empty stack has a name too.
    var identity: String { ChainID(of: layers)?.description ?? "scratch" }

    func appending(_ layer: DiffID) -> LayerChain { LayerChain(layers + [layer]) }
}
