/// The instructions that a base image's configuration keeps for the builds that start from it (`OnBuild`).
package struct OnbuildTriggers: Sendable {
    package let instructions: [StageInstruction]

    /// Reads the texts in order. `escape` is always the backslash: the image does not tell what its file used.
    ///
    /// A text that is no instruction, or one that a trigger may not be, throws with its place in the trigger's text.
    package init(_ texts: [String], escape: UInt8 = UInt8(ascii: "\\")) throws(TriggerError) {
        var instructions: [StageInstruction] = []
        for text in texts {
            let parsed = DockerfileParser.parse(Array(text.utf8), name: "ONBUILD")
            var reader = InstructionReader(escape: escape)
            guard parsed.instructions.count <= 1 else {
                throw TriggerError(text: text, message: "it is more than one instruction")
            }
            if parsed.instructions.isEmpty, parsed.diagnostics.allSatisfy({ $0.range == nil }) {
                throw TriggerError(text: text, message: "it is no instruction")
            }
            let read = parsed.instructions.compactMap { reader.read($0) }
            if let error = (parsed.diagnostics + reader.diagnostics).first(where: { $0.severity == .error }) {
                throw TriggerError(text: text, message: error.message)
            }
            for instruction in read where [.from, .maintainer, .onbuild].contains(instruction.keyword) {
                throw TriggerError(text: text, message: "\(instruction.keyword.uppercased) is not allowed as a trigger")
            }
            instructions += read
        }
        self.instructions = instructions
    }

    package struct TriggerError: Error, Hashable, Sendable {
        package let text: String
        package let message: String
    }
}
