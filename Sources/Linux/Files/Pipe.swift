internal import CLinux
import Glibc

/// Both ends of a new pipe. The reader sees the end of the stream when nobody holds the writer any more.
package struct Pipe: Sendable {
    package let reader: SharedDescriptor
    package let writer: SharedDescriptor

    package init() throws(SystemError) {
        var ends: [CInt] = [-1, -1]
        try check("create a pipe") { caisson_pipe(&ends) }
        reader = SharedDescriptor(OwnedDescriptor(adopting: ends[0]))
        writer = SharedDescriptor(OwnedDescriptor(adopting: ends[1]))
    }
}

extension SharedDescriptor {
    /// Reads and writes of this open file return `EAGAIN` where they would wait.
    package func setNonBlocking() throws(SystemError) {
        let raw = rawValue
        try check("make a descriptor non-blocking") { fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK) }
    }
}
