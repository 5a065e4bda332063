import OCI
package import Storage

/// The trees that stacks of layers show, built from the layers' headers and remembered while builds need them.
package actor ChainTrees {
    private let store: Store
    private var trees: [LayerChain: FileTree] = [:]
    private var order: [LayerChain] = []

    /// A tree of a large image takes some megabytes.
    private static let capacity = 24

    package init(store: Store) { self.store = store }

    /// The layers must be in the store. A stack that only adds to a known one costs no more than what it adds.
    package func tree(of chain: LayerChain) throws -> FileTree {
        if let tree = trees[chain] { return tree }
        var known = chain
        while !known.layers.isEmpty, trees[known] == nil { known.layers.removeLast() }
        var tree = trees[known] ?? FileTree()
        for layer in chain.layers[known.layers.count...] {
            tree.apply(try store.layers.entries(of: layer), of: layer)
        }
        remember(tree, of: chain)
        return tree
    }

    private func remember(_ tree: FileTree, of chain: LayerChain) {
        trees[chain] = tree
        order.append(chain)
        if order.count > Self.capacity { trees[order.removeFirst()] = nil }
    }
}
