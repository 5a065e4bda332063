import Build

extension Step {
    /// A stage without a name is called by its number, as other builders do.
    package var stageTitle: String { Int(stage) == nil ? stage : "stage-\(stage)" }

    /// `[build 4/9] RUN make`.
    package var label: String { "[\(stageTitle) \(index)/\(count)] \(title)" }
}
