package import Pipeline

/// Where refs come from: the agent's only view of git servers.
package protocol RefSource: Sendable {
    /// The branches and tags below `prefixes` with the commits they name, annotated tags followed to theirs. Ends soon
    /// after its task is cancelled. An error's description is shown to people, so it holds no credentials.
    func refs(of repository: RepositoryURL, prefixes: [String]) async throws -> [RefName: CommitID]
}
