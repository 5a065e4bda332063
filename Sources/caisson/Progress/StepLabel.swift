import Build

extension Step {
    /// A stage without a name is called by its number, as other builders do.
    package var stageTitle: String { Int(stage) == nil ? stage : "stage-\(stage)" }

    /// `[build 4/9] RUN make`, with the platform in front among several.
    package var label: String {
        let place = platform.map { "\($0) " } ?? ""
        return "[\(place)\(stageTitle) \(index)/\(count)] \(title)"
    }
}
