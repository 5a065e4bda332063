import Linux
package import OCI
package import SystemPackage

extension BlobStream {
    /// What comes out of a pipe, a device or a file, in its order.
    package init(streaming path: FilePath) throws {
        let reader = SequentialReader(try OwnedDescriptor.open(path, flags: OpenFlags.read))
        self.init { try await reader.next() }
    }
}

private final class SequentialReader: Sendable {
    private let file: OwnedDescriptor
    private let thread = BlockingThread(label: "stream")

    init(_ file: consuming OwnedDescriptor) { self.file = file }

    func next() async throws -> [UInt8]? {
        try await thread.run {
            var chunk = [UInt8](repeating: 0, count: 1 << 18)
            let count = try self.file.readNext(into: &chunk)
            return count == 0 ? nil : Array(chunk[..<count])
        }
    }
}
