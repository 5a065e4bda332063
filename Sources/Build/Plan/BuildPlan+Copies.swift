package import Dockerfile
internal import Storage

extension BuildPlan {
    /// Looks for what is copied from contexts before anything runs. Returns what is doubtful; throws
    /// `BuildError.dockerfile` with every copy that cannot work.
    package func checkCopies(of request: BuildRequest) async throws -> [Diagnostic] {
        var warnings: [Diagnostic] = []
        var errors: [Diagnostic] = []
        let settings = LintSettings(
            request.dockerfile, directive: request.buildArguments[DockerfileCheck.argumentName])
        for vertex in graph.vertices {
            guard case .copy(let copy) = vertex.operation, case .context(let index) = copy.origin,
                !copy.places.isEmpty
            else { continue }
            let context = graph.contexts[index]
            let tree: FileTree
            do { tree = try await context.tree() } catch let error as RemoteSourceError {
                let failure = Diagnostic.error(error.message, at: copy.places[0], hint: error.hint)
                guard !error.isInfrastructure else {
                    throw BuildError.unavailable(failure, in: request.dockerfile.source)
                }
                if !errors.contains(failure) { errors.append(failure) }
                continue
            }
            do {
                let origin = graph.title(ofContext: index)
                let selection = try CopySelection(of: copy, in: tree, called: origin) { context.exclusion(of: $0) }
                for found in selection.warnings(of: copy, from: origin, vertex.prefix) {
                    guard let finding = settings.adjusted(found) else { continue }
                    if finding.severity == .error {
                        if !errors.contains(finding) { errors.append(finding) }
                    } else if !warnings.contains(finding) {
                        warnings.append(finding)
                    }
                }
            } catch {
                let place = error.source.map { copy.places[$0] } ?? vertex.step?.range
                let found = Diagnostic.error(vertex.prefix + error.message, at: place, hint: error.hint)
                if !errors.contains(found) { errors.append(found) }
            }
        }
        guard errors.isEmpty else { throw BuildError.dockerfile(errors, in: request.dockerfile.source) }
        return warnings
    }
}

extension Vertex {
    /// What stands before a message about a trigger, whose own text the file does not show.
    fileprivate var prefix: String {
        guard let title = step?.title, title.hasPrefix("ONBUILD ") else { return "" }
        return "the trigger `\(title)`: "
    }
}

extension CopySelection {
    /// Patterns that match nothing are allowed, and seldom meant.
    func warnings(of copy: CopyOperation, from origin: String, _ prefix: String = "") -> [Diagnostic] {
        if !unmatched.isEmpty, unmatched.count == copy.sources.count, copy.inlineFiles.isEmpty {
            let patterns = copy.sources.map { "`\($0)`" }.joined(separator: ", ")
            return [
                Diagnostic(
                    .warning, "\(prefix)nothing is copied: no match in \(origin) for \(patterns)",
                    at: copy.places.first,
                    rule: "CopyMatchesNothing", hint: "--strict makes this an error")
            ]
        }
        return unmatched.map { index in
            Diagnostic(
                .warning, "\(prefix)`\(copy.sources[index])` matches nothing in \(origin)",
                at: copy.places.indices.contains(index) ? copy.places[index] : nil, rule: "UnmatchedPattern",
                hint: "--strict makes this an error")
        }
    }
}
