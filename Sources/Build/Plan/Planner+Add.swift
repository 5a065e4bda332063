internal import Dockerfile
internal import OCI

/// ADD: copies, unpacks archives, fetches what is elsewhere.
extension Planner {
    mutating func plan(
        _ add: AddInstruction, _ instruction: StageInstruction, in stage: Stage, _ state: inout StageState
    ) throws {
        if add.isLinked { throw PlanError.unsupported("ADD --link", at: instruction.range) }
        if let checksum = add.checksum { throw PlanError.unsupported("ADD --checksum", at: checksum.range) }
        if add.keepsGitDirectory { throw PlanError.unsupported("ADD --keep-git-dir", at: instruction.range) }
        if let exclude = add.excludes.first { throw PlanError.unsupported("ADD --exclude", at: exclude.range) }
        let operation = try copyOperation(
            add.sources, to: add.destination, owner: add.owner, mode: add.mode, origin: .context(0),
            unpacks: add.unpacks ?? true, &state)
        if let remote = operation.sources.first(where: Self.isRemote) {
            throw PlanError.unsupported("ADD from `\(remote)`", at: instruction.range)
        }
        extend(&state, with: .copy(operation), instruction, history: Self.history("ADD", operation))
    }

    private static func isRemote(_ source: String) -> Bool { source.contains("://") || source.hasPrefix("git@") }
}
