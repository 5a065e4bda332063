/// Why a step cannot have a mount: for the author of the build to mend.
struct RunMountError: Error, Hashable, CustomStringConvertible {
    let message: String
    let hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    var description: String { message }
}
