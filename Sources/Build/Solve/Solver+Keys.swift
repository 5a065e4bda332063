internal import OCI

/// The names of results: by what is asked for, and by the content it is asked of.
extension Solver {
    /// A vertex by what it is asked to do; no input needs to be solved for it.
    struct Definition: Sendable {
        let key: CacheKey
        /// What it is asked to do, without the inputs.
        let ingredients: JSON
        /// For a copy from a context, whose content is known before anything runs.
        var files: SelectedFiles?
    }

    func definition(of id: VertexID) async throws -> Definition {
        if let known = definitions[id] { return known }
        let definition = try await defining.value(for: id, receive: { _ in }) { _ in try await self.define(id) }
        definitions[id] = definition
        return definition
    }

    private func define(_ id: VertexID) async throws -> Definition {
        let vertex = graph[id]
        var ingredients: JSONObject = [:]
        var files: SelectedFiles?
        switch vertex.operation {
        case .scratch: ingredients["operation"] = "scratch"
        case .merge: ingredients["operation"] = "merge"
        case .image(let image):
            ingredients = ["operation": "image", "content": .string(LayerChain(image.config.diffIDs).identity)]
        case .run(let run): ingredients["run"] = run.ingredients
        case .makeDirectory(let directory): ingredients["directory"] = directory.ingredients
        case .copy(let copy):
            ingredients["copy"] = copy.ingredients
            switch copy.origin {
            case .context(let index):
                let selected = try await select(copy, from: .context(index), for: vertex)
                files = selected
                ingredients["files"] = selected.json
            case .stage: ingredients["selection"] = copy.selectionIngredients
            }
        }
        var own = ingredients
        if let files { own["files"] = files.journalJSON }
        var inputs: [JSON] = []
        for input in vertex.inputs {
            inputs.append(.string(try await definition(of: input, for: vertex).key.description))
        }
        ingredients["inputs"] = .array(inputs)
        return Definition(key: CacheKey(.object(ingredients)), ingredients: .object(own), files: files)
    }

    /// A mistake in an input that is no step is one of the step it was made for.
    private func definition(of input: VertexID, for vertex: Vertex) async throws -> Definition {
        do { return try await definition(of: input) } catch { throw failure(of: vertex, error) ?? error }
    }

    func contentIngredients(of vertex: Vertex, on inputs: [LayerChain], definition: Definition) async throws -> JSON {
        var ingredients: JSONObject = ["parent": .string(inputs[0].identity)]
        switch vertex.operation {
        case .run(let run):
            var names: [RunMount.Source: JSON] = [:]
            for case let source? in run.mounts.map(\.source) {
                names[source] = try await content(of: source, in: inputs[source.input], for: vertex)
            }
            ingredients["run"] = run.ingredients { names[$0] ?? $0.text }
        case .makeDirectory(let directory): ingredients["directory"] = directory.ingredients
        case .copy(let copy):
            ingredients["copy"] = copy.ingredients
            if let files = definition.files {
                ingredients["files"] = files.json
            } else {
                ingredients["files"] = try await select(copy, from: .chain(inputs[1]), for: vertex).json
            }
        case .scratch, .image, .merge: break
        }
        return .object(ingredients)
    }

    /// Names what a mount shows. Where that is all of a stack, the stack's own name is as good and costs nothing.
    private func content(of source: RunMount.Source, in chain: LayerChain, for vertex: Vertex) async throws -> JSON {
        if source.isWhole { return .string(chain.identity) }
        return try await select(source.selection, from: .chain(chain), for: vertex).mountJSON
    }

    private func select(_ copy: CopyOperation, from source: SelectionSource, for vertex: Vertex) async throws
        -> SelectedFiles
    {
        do { return try await executor.select(copy, from: source) } catch { throw failure(of: vertex, error) ?? error }
    }

    /// What a mistake in a source is for the step that takes from it; nil for other errors, and for a vertex that is no
    /// step and passes them on to the one it was made for.
    private func failure(of vertex: Vertex, _ error: any Error) -> BuildError? {
        switch error {
        case let error as CopyError: return failure(of: vertex, error.message, hint: error.hint).map(BuildError.step)
        case let error as RemoteSourceError:
            let failure = failure(of: vertex, error.message, hint: error.hint)
            // Told apart from what the author of the build can mend.
            return failure.map(error.isInfrastructure ? BuildError.unreachable : BuildError.step)
        default: return nil
        }
    }

    /// A step that could not begin, once reported; nil for a vertex that is none.
    func failure(of vertex: Vertex, _ message: String, hint: String?) -> StepFailure? {
        guard let step = vertex.step else { return nil }
        if reported.insert(vertex.id).inserted {
            report(.stepStarted(step))
            report(.stepFailed(step, message: message))
        }
        return StepFailure(step: step, message: message, hint: hint)
    }
}
