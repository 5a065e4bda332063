import Glibc
package import SystemPackage

/// A system call that failed: what was attempted, on which object, and why.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// In the form "cannot <operation>".
    package let operation: String
    package let object: String
    package let errno: Errno

    package init(_ operation: String, _ object: String = "", errno: Errno) {
        self.operation = operation
        self.object = object
        self.errno = errno
    }

    /// With the calling thread's errno: construct it before anything else runs.
    package init(_ operation: String, _ object: String = "") {
        self.init(operation, object, errno: Errno(rawValue: Glibc.errno))
    }

    package var description: String {
        "cannot \(operation)" + (object.isEmpty ? "" : " `\(object)`") + ": \(errno)".lowercased()
    }
}

/// Calls `body` until it returns something other than -1 or fails for a reason other than an interrupt.
@discardableResult
package func check<Result: SignedInteger>(
    _ operation: @autoclosure () -> String, _ object: @autoclosure () -> String = "", _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let error = Glibc.errno
        if error != EINTR { throw SystemError(operation(), object(), errno: Errno(rawValue: error)) }
    }
}
