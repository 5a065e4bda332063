import Glibc
import Linux
import OCI
import SystemPackage

extension BlobStream {
    /// `bytes` from `offset` on, in one chunk.
    init(of bytes: [UInt8], from offset: Int64 = 0) {
        self.init(of: bytes.dropFirst(Int(clamping: offset)))
    }

    private init(of bytes: ArraySlice<UInt8>) {
        let chunk = SingleChunk(Array(bytes))
        self.init { await chunk.take() }
    }
}

private actor SingleChunk {
    private var bytes: [UInt8]?

    init(_ bytes: [UInt8]) { self.bytes = bytes.isEmpty ? nil : bytes }

    func take() -> [UInt8]? {
        defer { bytes = nil }
        return bytes
    }
}

extension BlobContent {
    /// The content from `offset` on, read on `thread` if it is a file.
    func open(at offset: Int64 = 0, on thread: BlockingThread) async throws -> BlobStream {
        switch self {
        case .bytes(let bytes): BlobStream(of: bytes, from: offset)
        case .stream(let open): try await open(offset)
        case .file(let path):
            BlobStream(reading: SharedDescriptor(try OwnedDescriptor.open(FilePath(path))), from: offset, on: thread)
        }
    }

    /// All of it; more than `limit` bytes is an error.
    func bytes(upTo limit: Int) async throws -> [UInt8] {
        if case .bytes(let bytes) = self { return bytes }
        return try await open(on: BlockingThread(label: "blob")).collect(upTo: limit)
    }
}

extension BlobStream {
    /// The rest of an open file, read on `thread`.
    init(reading descriptor: SharedDescriptor, from offset: Int64, on thread: BlockingThread) {
        let file = FileChunks(descriptor, from: offset, on: thread)
        self.init { try await file.next() }
    }
}

private actor FileChunks {
    private static let size = 256 << 10

    private let descriptor: SharedDescriptor
    private let thread: BlockingThread
    private var position: Int64

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ descriptor: SharedDescriptor, from offset: Int64, on thread: BlockingThread) {
        self.descriptor = descriptor
        self.thread = thread
        position = offset
    }

    func next() throws -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: Self.size)
        let count = try chunk.withUnsafeMutableBytes { buffer in
            try check("read a blob") { pread(descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(position)) }
        }
        chunk.removeLast(chunk.count - count)
        position += Int64(count)
        return count == 0 ? nil : chunk
    }
}
