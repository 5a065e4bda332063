package import Engine
import Git
package import Pipeline

/// Refs as git servers have them.
package struct EngineRefSource: RefSource {
    private let engine: Engine

    package init(engine: Engine) {
        self.engine = engine
    }

    package func refs(
        of repository: RepositoryURL, prefixes: [String]
    ) async throws -> [Pipeline.RefName: Pipeline.CommitID] {
        let url = try GitURL.parse(repository.text, allowing: engine.configuration.gitSchemes)
        let found = try await engine.git.refs(of: url, prefixes: prefixes)
        var refs: [Pipeline.RefName: Pipeline.CommitID] = [:]
        for (name, commit) in found {
            // Refs that are neither branches nor tags are nobody's trigger.
            guard let ref = Pipeline.RefName(full: name.text), let id = try? Pipeline.CommitID(commit.hex) else {
                continue
            }
            refs[ref] = id
        }
        return refs
    }
}
