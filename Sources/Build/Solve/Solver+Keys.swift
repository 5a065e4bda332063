internal import OCI

/// The names of results: by what is asked for, and by the content it is asked of.
extension Solver {
    /// A vertex by what it is asked to do; no input needs to be solved for it.
    struct Definition: Sendable {
        let key: CacheKey
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
            case .stage: ingredients["sources"] = .array(copy.sources.map(JSON.string))
            }
        }
        var inputs: [JSON] = []
        for input in vertex.inputs { inputs.append(.string(try await definition(of: input).key.description)) }
        ingredients["inputs"] = .array(inputs)
        return Definition(key: CacheKey(.object(ingredients)), files: files)
    }

    func contentIngredients(of vertex: Vertex, on inputs: [LayerChain], definition: Definition) async throws -> JSON {
        var ingredients: JSONObject = ["parent": .string(inputs[0].identity)]
        switch vertex.operation {
        case .run(let run): ingredients["run"] = run.ingredients
        case .makeDirectory(let directory): ingredients["directory"] = directory.ingredients
        case .copy(let copy):
            ingredients["copy"] = copy.ingredients
            if let files = definition.files {
                ingredients["files"] = files.json
            } else {
                ingredients["files"] = try await select(copy, from: .chain(inputs[1]), for: vertex).json
            }
        case .scratch, .image: break
        }
        return .object(ingredients)
    }

    private func select(_ copy: CopyOperation, from source: SelectionSource, for vertex: Vertex) async throws
        -> SelectedFiles
    {
        do { return try await executor.select(copy, from: source) } catch let error as CopyError {
            guard let step = vertex.step else { throw error }
            if reported.insert(vertex.id).inserted {
                report(.stepStarted(step))
                report(.stepFailed(step, message: error.message))
            }
            throw BuildError.step(StepFailure(step: step, message: error.message, hint: error.hint))
        }
    }
}
