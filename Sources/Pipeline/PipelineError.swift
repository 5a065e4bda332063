/// What a pipeline cannot do with a name, a ref or a commit it was given.
package struct PipelineError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        case invalidName, invalidPattern, invalidTemplate, invalidRepository, invalidRef, invalidCommit
        /// A variable has no value for this run: `${version}` of a tag that is not a version.
        case noValue
        /// A tag came out in a form no registry takes.
        case invalidTag
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
