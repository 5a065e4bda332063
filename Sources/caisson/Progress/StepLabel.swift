import Build

extension StepOutcome {
    /// The size of what it made; nil for nothing, which is an archive without entries.
    package var madeFiles: Int64? { size.flatMap { $0 > 1024 ? $0 : nil } }
}

extension Step {
    /// A stage without a name is called by its number, as other builders do.
    package var stageTitle: String { Int(stage) == nil ? stage : "stage-\(stage)" }

    /// `[build 4/9] RUN make`, with the platform in front among several.
    package var label: String {
        let place = platform.map { "\($0) " } ?? ""
        return "[\(place)\(stageTitle) \(index)/\(count)] \(title)"
    }
}
