import CLzma

/// xz streams one after the other (https://tukaani.org/xz/xz-file-format.txt), by liblzma.
final class XZDecoder: StreamCoder {
    private static let memoryLimit: UInt64 = 256 << 20

    private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
    private var isBetweenStreams = false

    init() throws(ArchiveError) {
        stream.initialize(to: lzma_stream())
        try restart()
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
    }

    var isComplete: Bool { isBetweenStreams }

    private func restart() throws(ArchiveError) {
        let status = lzma_stream_decoder(stream, XZDecoder.memoryLimit, 0)
        precondition(status == LZMA_OK, "liblzma cannot start: \(status)")
        isBetweenStreams = false
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(ArchiveError) -> (consumed: Int, produced: Int) {
        if isBetweenStreams {
            // Streams may be padded with zeros.
            let padding = input.prefix { $0 == 0 }.count
            if padding > 0 || input.isEmpty { return (padding, 0) }
            try restart()
        }
        if input.isEmpty, output.isEmpty { return (0, 0) }
        stream.pointee.next_in = input.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_in = input.count
        stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = output.count
        switch lzma_code(stream, LZMA_RUN) {
        case LZMA_OK, LZMA_BUF_ERROR: break
        case LZMA_STREAM_END: isBetweenStreams = true
        case LZMA_MEMLIMIT_ERROR:
            throw ArchiveError(.limit, "the xz stream needs more than \(XZDecoder.memoryLimit >> 20) MiB to unpack")
        case let status: throw ArchiveError(.corrupt, "the xz stream is corrupt: status \(status.rawValue)")
        }
        return (input.count - stream.pointee.avail_in, output.count - stream.pointee.avail_out)
    }
}
