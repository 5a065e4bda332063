import Glibc

/// The process's own output. A reader that went away is no error: the process is told by `SIGPIPE` or its exit.
package enum StandardOutput {
    package static func write(_ text: String) { StandardStream.write(Array(text.utf8), to: STDOUT_FILENO) }
    package static func write(_ bytes: [UInt8]) { StandardStream.write(bytes, to: STDOUT_FILENO) }
    package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}

package enum StandardInput {
    package static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }
}

package enum StandardError {
    package static func write(_ text: String) { StandardStream.write(Array(text.utf8), to: STDERR_FILENO) }
    package static func write(_ bytes: [UInt8]) { StandardStream.write(bytes, to: STDERR_FILENO) }
    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

private enum StandardStream {
    static func write(_ bytes: [UInt8], to descriptor: CInt) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done)
            }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return }
            done += count
        }
    }
}

/// Ends the process.
package enum ProcessExit {
    package static func exit(_ code: Int32) -> Never { Glibc.exit(code) }
}

/// The environment the process was started with, for executables: nothing below them reads it.
package enum ProcessEnvironment {
    package static func variables() -> [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry = entry.advanced(by: 1)
        }
        return result
    }
}
