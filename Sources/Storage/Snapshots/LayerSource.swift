internal import Linux
internal import OCI

/// Gives single layers as directories that overlayfs can stack.
protocol LayerSource: Sendable {
    /// How, for people.
    var name: String { get }

    /// Blocks. With `chain`, as the layer is on top of that stack, which `below` shows.
    func layer(_ id: DiffID, chain: (id: ChainID, below: any LowerTree)?) throws -> LayerDirectory

    /// Whether what was given for `key` still shows the layer.
    func isCurrent(_ key: LayerKey) -> Bool
}

/// A layer to stack: its root, with overlayfs's marks in it. One for each layer and process, which all builds share.
final class LayerDirectory: Sendable {
    let root: SharedDescriptor
    let marks: LayerMarks

    init(root: SharedDescriptor, marks: LayerMarks) {
        self.root = root
        self.marks = marks
    }
}

/// What is shown of a layer: by itself or in a stack.
enum LayerKey: Hashable, Sendable {
    case layer(DiffID)
    case chain(ChainID)

    /// The name of what is derived for it, below a directory of such names.
    var fileName: String {
        switch self {
        case .layer(let id): id.digest.hex
        case .chain(let id): id.digest.hex + ".chain"
        }
    }
}
