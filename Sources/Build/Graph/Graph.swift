package import Dockerfile
package import OCI

/// The steps of a build and what each needs: every vertex reachable from the targets, inputs before their users.
/// Two vertices of the same operation on the same inputs are one.
package struct Graph: Sendable {
    package private(set) var vertices: [Vertex] = []
    /// The build's context first, then the named ones.
    package private(set) var contexts: [any BuildContext]
    /// The names of the contexts but the first.
    private var contextNames: [String] = []
    private var known: [Digest: VertexID] = [:]

    package init(contexts: [any BuildContext]) { self.contexts = contexts }

    /// The place in `contexts` of the one of that name, which is added if it is new.
    package mutating func number(of context: any BuildContext, named name: String) -> Int {
        if let index = contextNames.firstIndex(of: name) { return index + 1 }
        contextNames.append(name)
        contexts.append(context)
        return contexts.count - 1
    }

    /// What messages call the context of that number.
    func title(ofContext number: Int) -> String {
        number == 0 ? "the build context" : "the context `\(contextNames[number - 1])`"
    }

    package subscript(id: VertexID) -> Vertex { vertices[id.index] }

    /// Adds a vertex, or returns the one that is the same.
    package mutating func add(_ operation: Operation, inputs: [VertexID], step: Step?) -> VertexID {
        let identity = Digest.of(
            ([operation.identity, .array(inputs.map { .integer(Int64($0.index)) })] as JSON).canonicalBytes)
        if let same = known[identity] { return same }
        let id = VertexID(index: vertices.count)
        vertices.append(Vertex(id: id, operation: operation, inputs: inputs, step: step))
        known[identity] = id
        return id
    }
}

package struct VertexID: Hashable, Sendable { package let index: Int }

/// One step with its inputs.
package struct Vertex: Sendable {
    package let id: VertexID
    package let operation: Operation
    package let inputs: [VertexID]
    /// What people see of it; nil for what has no instruction of its own.
    package let step: Step?

    /// What its result is called where results are listed.
    var title: String {
        if let step { return step.title }
        if case .copy(let copy) = operation { return "files for RUN --mount: \(copy.sources.joined(separator: " "))" }
        return ""
    }
}

/// What a vertex does to its first input.
package enum Operation: Sendable {
    /// No layers.
    case scratch
    /// An image's layers, fetched when a step needs them.
    case image(BaseImage)
    case run(RunOperation)
    case copy(CopyOperation)
    case makeDirectory(DirectoryOperation)
    /// The layers of its inputs, one input upon the other.
    case merge

    /// All that tells it from other operations of the same graph.
    var identity: JSON {
        switch self {
        case .scratch: "scratch"
        case .merge: "merge"
        case .image(let image): ["image": .string(image.manifest.digest.description)]
        case .run(let run): run.ingredients
        case .makeDirectory(let directory): directory.ingredients
        case .copy(let copy):
            switch copy.origin {
            case .context(let index): [copy.ingredients, copy.selectionIngredients, .integer(Int64(index))]
            case .stage: [copy.ingredients, copy.selectionIngredients, "stage"]
            }
        }
    }
}

/// An instruction as people follow it through the build.
package struct Step: Hashable, Sendable {
    package let number: Int
    /// The stage's name, or its number.
    package let stage: String
    /// Its place among the stage's steps, from 1, and how many there are.
    package let index: Int
    package let count: Int
    /// The instruction as written, variables expanded, on one line.
    package let title: String
    package let keyword: Keyword
    package let range: SourceRange
    /// Told apart only in builds for several platforms.
    package let platform: Platform?

    package init(
        number: Int, stage: String, index: Int, count: Int, title: String, keyword: Keyword, range: SourceRange,
        platform: Platform? = nil
    ) {
        self.number = number
        self.stage = stage
        self.index = index
        self.count = count
        self.title = title
        self.keyword = keyword
        self.range = range
        self.platform = platform
    }
}
