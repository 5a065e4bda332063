import CBzip2

/// bzip2 streams one after the other, by libbz2.
final class Bzip2Decoder: StreamCoder {
    private let stream = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)
    private var isBetweenStreams = false

    init() throws(ArchiveError) {
        stream.initialize(to: bz_stream())
        start()
    }

    deinit {
        BZ2_bzDecompressEnd(stream)
        stream.deallocate()
    }

    var isComplete: Bool { isBetweenStreams }

    private func start() {
        let status = BZ2_bzDecompressInit(stream, 0, 0)
        precondition(status == BZ_OK, "libbz2 cannot start: \(status)")
        isBetweenStreams = false
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(ArchiveError) -> (consumed: Int, produced: Int) {
        if isBetweenStreams {
            if input.isEmpty { return (0, 0) }
            BZ2_bzDecompressEnd(stream)
            start()
        }
        let available = UInt32(clamping: input.count)
        let room = UInt32(clamping: output.count)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: CChar.self).baseAddress)
        stream.pointee.avail_in = available
        stream.pointee.next_out = output.bindMemory(to: CChar.self).baseAddress
        stream.pointee.avail_out = room
        switch BZ2_bzDecompress(stream) {
        case BZ_OK: break
        case BZ_STREAM_END: isBetweenStreams = true
        case let status: throw ArchiveError(.corrupt, "the bzip2 stream is corrupt: status \(status)")
        }
        return (Int(available - stream.pointee.avail_in), Int(room - stream.pointee.avail_out))
    }
}
