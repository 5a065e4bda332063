/// The name of a stage, a context or an image that an instruction takes files from.
package struct SourceName: Hashable, Sendable {
    package let name: String
    package let range: SourceRange
    /// Only COPY knows stages by number.
    package let allowsNumber: Bool
}

extension StageInstruction {
    package var sourceNames: [SourceName] {
        switch instruction {
        case .copy(let copy):
            copy.from.map { [SourceName(name: $0.text, range: $0.range, allowsNumber: true)] } ?? []
        case .run(let run):
            run.mounts.compactMap { mount in
                mount.fields.last { $0.key == "from" }?.value.map {
                    SourceName(name: $0, range: mount.range, allowsNumber: false)
                }
            }
        default: []
        }
    }
}
