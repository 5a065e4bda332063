import OCI
import SystemPackage

/// Decides, on an inventory, what goes in which order and what that frees; each decision counts on those before it.
struct CollectionPlan {
    /// What a candidate stands for.
    enum Content {
        case step(Int)
        case image(Int)
        case layer(DiffID)
        case blob(Digest)
        case tree(Int)
    }

    /// Files to remove for one item, in this order.
    struct Files {
        var records: [Digest] = []
        var reference: String?
        var compressed: [Digest] = []
        var blobs: [Digest] = []
        var layers: [DiffID] = []
        var tree: StoreInventory.Tree?
    }

    let inventory: StoreInventory
    private var layerNeeds: [DiffID: Int] = [:]
    private var blobNeeds: [Digest: Int] = [:]
    private var goneLayers: Set<DiffID> = []
    private var goneBlobs: Set<Digest> = []

    init(_ inventory: StoreInventory) {
        self.inventory = inventory
        for step in inventory.steps {
            for layer in Set(step.chain) { layerNeeds[layer, default: 0] += 1 }
        }
        for image in inventory.images {
            for layer in image.layers { layerNeeds[layer, default: 0] += 1 }
            for blob in image.blobs { blobNeeds[blob, default: 0] += 1 }
        }
    }

    /// Everything that can be decided on, least recently used first.
    func candidates() -> [(content: Content, lastUsed: Int64)] {
        var all: [(content: Content, lastUsed: Int64)] = []
        for (index, step) in inventory.steps.enumerated() { all.append((.step(index), step.lastUsed)) }
        for (index, image) in inventory.images.enumerated() { all.append((.image(index), image.lastUsed)) }
        for (layer, files) in inventory.layers where layerNeeds[layer] == nil {
            all.append((.layer(layer), files.lastUsed))
        }
        for (digest, blob) in inventory.blobs where blobNeeds[digest] == nil {
            all.append((.blob(digest), blob.lastUsed))
        }
        for (index, tree) in inventory.trees.enumerated() { all.append((.tree(index), tree.lastUsed)) }
        // Longer stacks before what they stand on, so that each frees something. The rest is settled by the names: who
        // asks what would go is told what goes.
        return all.sorted { a, b in
            if a.lastUsed != b.lastUsed { return a.lastUsed < b.lastUsed }
            let ranks = (rank(a.content), rank(b.content))
            return ranks.0 != ranks.1 ? ranks.0 > ranks.1 : name(of: a.content) < name(of: b.content)
        }
    }

    private func name(of content: Content) -> String {
        switch content {
        case .step(let index): inventory.steps[index].keys.first?.hex ?? ""
        case .image(let index): inventory.images[index].name
        case .layer(let layer): layer.digest.hex
        case .blob(let digest): digest.hex
        case .tree(let index): inventory.trees[index].path.string
        }
    }

    private func rank(_ content: Content) -> Int {
        switch content {
        case .tree(let index): inventory.trees[index].kind == .work ? Int.max : 0
        case .step(let index): 1 + inventory.steps[index].chain.count
        case .layer: 0
        case .blob: 0
        case .image: 0
        }
    }

    /// The item as it is now, before it goes.
    func item(_ content: Content) -> StoreItem {
        switch content {
        case .step(let index):
            let step = inventory.steps[index]
            let layers = Set(step.chain)
            let own = layers.filter { layerNeeds[$0] == 1 }
            let isHeld = step.chain.last.map { inventory.layers[$0]?.isHeld == true } ?? false
            return StoreItem(
                kind: .step, id: step.keys.first?.hex ?? "", title: step.title,
                size: step.size + own.reduce(0) { $0 + size(of: $1) },
                shared: layers.subtracting(own).reduce(0) { $0 + size(of: $1) }, lastUsed: step.lastUsed,
                hold: isHeld ? .running : nil)
        case .image(let index):
            let image = inventory.images[index]
            let layers = image.layers.filter { layerNeeds[$0] == 1 }
            let blobs = image.blobs.filter { blobNeeds[$0] == 1 }
            let all = image.blobs.reduce(image.layers.reduce(0) { $0 + size(of: $1) }) { $0 + size(ofBlob: $1) }
            let own = blobs.reduce(layers.reduce(0) { $0 + size(of: $1) }) { $0 + size(ofBlob: $1) }
            let isHeld = inventory.blobs[image.digest]?.isHeld == true
            return StoreItem(
                kind: .image, id: image.digest.hex, title: image.name, size: image.size + own, shared: all - own,
                lastUsed: image.lastUsed,
                hold: !image.name.hasPrefix("mirrored ") ? .onlyCopy : isHeld ? .running : nil)
        case .layer(let layer):
            let files = inventory.layers[layer]
            return StoreItem(
                kind: .layer, id: layer.digest.hex, title: "", size: size(of: layer), shared: 0,
                lastUsed: files?.lastUsed ?? 0, hold: files?.isHeld == true ? .running : nil)
        case .blob(let digest):
            let blob = inventory.blobs[digest]
            return StoreItem(
                kind: .blob, id: digest.hex, title: "", size: size(ofBlob: digest), shared: 0,
                lastUsed: blob?.lastUsed ?? 0, hold: blob?.isHeld == true ? .running : nil)
        case .tree(let index):
            let tree = inventory.trees[index]
            return StoreItem(
                kind: tree.kind, id: tree.path.lastComponent?.string ?? "", title: tree.title, size: tree.size,
                shared: 0, lastUsed: tree.lastUsed, hold: tree.hold)
        }
    }

    private func size(of layer: DiffID) -> Int64 {
        guard let files = inventory.layers[layer], !goneLayers.contains(layer) else { return 0 }
        return files.compressed.reduce(files.size) { sum, record in
            sum + record.size + (blobNeeds[record.blob] == nil ? size(ofBlob: record.blob) : 0)
        }
    }

    private func size(ofBlob digest: Digest) -> Int64 {
        goneBlobs.contains(digest) ? 0 : inventory.blobs[digest]?.size ?? 0
    }

    /// Lets the item go: what it alone needed goes with it.
    mutating func remove(_ content: Content) -> Files {
        var files = Files()
        switch content {
        case .step(let index):
            files.records = inventory.steps[index].keys
            for layer in Set(inventory.steps[index].chain) { release(layer, &files) }
        case .image(let index):
            files.reference = inventory.images[index].name
            for blob in inventory.images[index].blobs { release(blob, &files) }
            for layer in inventory.images[index].layers { release(layer, &files) }
        case .layer(let layer): take(layer, &files)
        case .blob(let digest): take(digest, &files)
        case .tree(let index): files.tree = inventory.trees[index]
        }
        return files
    }

    private mutating func release(_ layer: DiffID, _ files: inout Files) {
        layerNeeds[layer, default: 1] -= 1
        if layerNeeds[layer] == 0 { take(layer, &files) }
    }

    private mutating func release(_ blob: Digest, _ files: inout Files) {
        blobNeeds[blob, default: 1] -= 1
        if blobNeeds[blob] == 0 {
            blobNeeds[blob] = nil
            take(blob, &files)
        }
    }

    private mutating func take(_ layer: DiffID, _ files: inout Files) {
        guard let content = inventory.layers[layer], goneLayers.insert(layer).inserted else { return }
        files.layers.append(layer)
        for record in content.compressed {
            files.compressed.append(record.key)
            if blobNeeds[record.blob] == nil { take(record.blob, &files) }
        }
    }

    private mutating func take(_ blob: Digest, _ files: inout Files) {
        if inventory.blobs[blob] != nil, goneBlobs.insert(blob).inserted { files.blobs.append(blob) }
    }
}
