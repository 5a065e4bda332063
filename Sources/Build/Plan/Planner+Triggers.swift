internal import Dockerfile
internal import OCI

/// ONBUILD: instructions that a base leaves to whoever starts from it.
extension Planner {
    /// The triggers that the stage's base brings. The new image does not keep them.
    func takeTriggers(of stage: Stage, from state: inout StageState) throws -> [StageInstruction] {
        let triggers = try state.config.triggers(broughtBy: stage)
        if !triggers.isEmpty { state.config[runtime: "OnBuild"] = nil }
        return triggers
    }

    /// Plans them before the stage's own instructions, with the stage's names.
    mutating func plan(triggers: [StageInstruction], in stage: Stage, _ state: inout StageState) throws {
        state.triggerRange = stage.from.image.range
        defer { state.triggerRange = nil }
        for trigger in triggers {
            do { try plan(trigger, in: stage, &state) } catch let error as PlanError {
                throw PlanError.inTrigger(trigger, broughtBy: stage, error.diagnostic)
            } catch let error as ArgumentError {
                throw PlanError.inTrigger(trigger, broughtBy: stage, error.diagnostic)
            }
        }
    }
}

extension ImageConfig {
    /// The instructions that run in a stage that starts from the image, before the stage's own.
    func triggers(broughtBy stage: Stage) throws -> [StageInstruction] {
        let texts = self[runtime: "OnBuild"]?.arrayValue?.compactMap(\.stringValue) ?? []
        do throws(OnbuildTriggers.TriggerError) { return try OnbuildTriggers(texts).instructions } catch {
            throw PlanError(
                .error(
                    "the ONBUILD trigger `\(error.text)` of `\(stage.from.image.text)` is invalid: \(error.message)",
                    at: stage.from.image.range))
        }
    }
}

extension PlanError {
    /// A mistake in a trigger, at the FROM that brought it: the trigger itself has no place in the file.
    static func inTrigger(
        _ trigger: StageInstruction, broughtBy stage: Stage, _ diagnostic: Diagnostic
    ) -> PlanError {
        PlanError(
            .error(
                "the ONBUILD trigger `\(trigger.node.original)` of `\(stage.from.image.text)`: \(diagnostic.message)",
                at: stage.from.image.range, hint: diagnostic.hint))
    }
}
