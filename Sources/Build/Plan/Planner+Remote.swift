internal import Dockerfile
internal import OCI

/// What ADD takes from servers.
extension Planner {
    /// One layer of an ADD.
    struct AddPart {
        let operation: CopyOperation
        let history: String
    }

    /// An ADD as the copies it is made of: local sources that stand together are one, each source from a server is one.
    mutating func parts(of add: AddInstruction, _ state: inout StageState) throws -> [AddPart] {
        // As a whole, so that the rules on several sources hold.
        let whole = try copy(add.sources, of: add, unpacks: add.unpacks ?? true, &state)
        let texts = try add.sources.map { source in
            if case .path(let word) = source { try state.environment.expand(word) } else { "" }
        }
        guard texts.contains(where: RemoteSource.isRemote) else {
            try refuseRemoteFlags(add)
            return [AddPart(operation: whole, history: Self.history("ADD", whole))]
        }
        var parts: [AddPart] = []
        var local: [CopySource] = []
        func endLocal() throws {
            guard !local.isEmpty else { return }
            var operation = try copy(local, of: add, unpacks: add.unpacks ?? true, &state)
            operation.destination = whole.destination
            parts.append(AddPart(operation: operation, history: Self.history("ADD", operation)))
            local = []
        }
        for (source, text) in zip(add.sources, texts) {
            guard case .path(let word) = source, RemoteSource.isRemote(text) else {
                local.append(source)
                continue
            }
            try endLocal()
            parts.append(try remote(text, word, of: add, &state))
        }
        try endLocal()
        return parts
    }

    private func copy(
        _ sources: [CopySource], of add: AddInstruction, unpacks: Bool, _ state: inout StageState
    ) throws -> CopyOperation {
        try copyOperation(
            sources, to: add.destination, owner: add.owner, mode: add.mode, excludes: add.excludes,
            isLinked: add.isLinked, origin: .context(0), unpacks: unpacks, &state)
    }

    private mutating func remote(
        _ source: String, _ word: Word, of add: AddInstruction, _ state: inout StageState
    ) throws -> AddPart {
        guard let remotes = request.remotes else {
            throw PlanError(.error("ADD from a server is not possible here", at: word.range))
        }
        let wanted = RemoteRequest(
            source: source, checksum: try add.checksum.map { try state.environment.expand($0.word) },
            keepsGitDirectory: add.keepsGitDirectory)
        let files: RemoteFiles
        do { files = try remotes.files(of: wanted) } catch let error as RemoteSourceError {
            throw PlanError(.error(error.message, at: word.range, hint: error.hint))
        }
        var operation = try copy([.path(word)], of: add, unpacks: files.name != nil && add.unpacks == true, &state)
        var shown = operation
        shown.sources = [files.title]
        operation.sources = [files.name.map(Self.literal) ?? "."]
        // Looked for when it is fetched, not before.
        operation.places = []
        operation.origin = .context(graph.number(of: files.context, named: "\(wanted)"))
        return AddPart(operation: operation, history: Self.history("ADD", shown))
    }

    private func refuseRemoteFlags(_ add: AddInstruction) throws {
        if let checksum = add.checksum {
            throw PlanError(
                .error("--checksum is for URLs and git repositories, not for local files", at: checksum.range))
        }
        if add.keepsGitDirectory, case .path(let word)? = add.sources.first {
            throw PlanError(.error("--keep-git-dir is for git repositories", at: word.range))
        }
    }

    /// A pattern that matches just this name.
    private static func literal(_ name: String) -> String {
        name.map { "*?[\\".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
}
