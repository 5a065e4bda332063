internal import Dockerfile
internal import OCI

/// ADD: copies, unpacks archives, fetches what is elsewhere.
extension Planner {
    mutating func plan(
        _ add: AddInstruction, _ instruction: StageInstruction, in stage: Stage, _ state: inout StageState
    ) throws {
        for part in try parts(of: add, &state) {
            extend(&state, with: part.operation, instruction, history: part.history)
        }
    }
}
