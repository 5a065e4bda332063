import OCI

extension ImageReference {
    /// An image as it was typed.
    init(argument text: String) throws {
        do { try self.init(parsing: text) } catch {
            let isNamed = error.message.contains("`\(text)`")
            throw CommandFailure.usage(isNamed ? error.message : "image reference `\(text)`: \(error.message)")
        }
    }

    /// An image that is to get this name.
    init(tagArgument text: String) throws {
        try self.init(argument: text)
        guard digest == nil else { throw CommandFailure.usage("`\(text)` names a digest; a tag is needed") }
    }
}
