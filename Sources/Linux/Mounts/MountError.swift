package import SystemPackage

/// A mount the kernel refused, with what it says about it.
package struct MountError: Error, Hashable, Sendable, CustomStringConvertible {
    package let cause: SystemError
    /// The messages of the file system, which say more than the number.
    package let kernelMessages: [String]

    package init(_ cause: SystemError, kernelMessages: [String] = []) {
        self.cause = cause
        self.kernelMessages = kernelMessages
    }

    package var errno: Errno { cause.errno }

    package var description: String {
        kernelMessages.isEmpty ? "\(cause)" : "\(cause) (\(kernelMessages.joined(separator: "; ")))"
    }
}
