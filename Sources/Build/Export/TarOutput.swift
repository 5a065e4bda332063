import Archive
import Linux
import OCI

/// A tar written to a file or pipe, in the form of layer contract 1.
struct TarOutput: ~Copyable {
    private let descriptor: SharedDescriptor
    private var buffer: [UInt8] = []

    private static let flushSize = 1 << 20

    init(_ descriptor: SharedDescriptor) { self.descriptor = descriptor }

    /// Adds an entry; `content` calls its argument with the bytes of a file, as many as the entry says.
    mutating func append(_ entry: TarEntry, content: ((([UInt8]) throws -> Void) throws -> Void)? = nil) throws {
        var header: [UInt8] = []
        try TarHeader.append(entry, to: &header)
        try write(header)
        guard case .file(let size, _, _) = entry.kind, let content else { return }
        var count: Int64 = 0
        var pending: [UInt8] = []
        swap(&pending, &buffer)
        let descriptor = descriptor
        try content { chunk in
            count += Int64(chunk.count)
            pending += chunk
            if pending.count >= Self.flushSize {
                try descriptor.write(pending)
                pending.removeAll(keepingCapacity: true)
            }
        }
        swap(&pending, &buffer)
        guard count == size else {
            throw BuildError.infrastructure("`\(entry.path)` has \(count) bytes where \(size) were promised")
        }
        try write([UInt8](repeating: 0, count: Int((512 - size % 512) % 512)))
    }

    mutating func append(_ path: String, _ bytes: [UInt8], epoch: Int64) throws {
        try append(
            TarEntry(
                path: EntryPath(unchecked: Array(path.utf8)),
                kind: .file(size: Int64(bytes.count), offset: 0, segments: nil), mode: 0o644,
                modified: Timestamp(seconds: epoch))
        ) { try $0(bytes) }
    }

    mutating func append(directory path: String, epoch: Int64) throws {
        try append(
            TarEntry(
                path: EntryPath(unchecked: Array(path.utf8)), kind: .directory, mode: 0o755,
                modified: Timestamp(seconds: epoch)))
    }

    private mutating func write(_ bytes: [UInt8]) throws {
        buffer += bytes
        if buffer.count >= Self.flushSize { try flush() }
    }

    private mutating func flush() throws {
        try descriptor.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Ends the archive.
    consuming func finish() throws {
        buffer += TarHeader.end
        try descriptor.write(buffer)
    }
}
