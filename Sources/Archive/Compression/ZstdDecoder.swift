import CZstd

/// zstd frames one after the other (RFC 8878). Windows of more than 128 MiB are refused, the library's default.
final class ZstdDecoder: StreamCoder {
    private let stream: OpaquePointer
    private var isBetweenFrames = false

    init() throws(ArchiveError) {
        guard let stream = ZSTD_createDStream() else { preconditionFailure("zstd cannot start") }
        self.stream = stream
    }

    deinit { ZSTD_freeDStream(stream) }

    var isComplete: Bool { isBetweenFrames }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(ArchiveError) -> (consumed: Int, produced: Int) {
        if input.isEmpty, isBetweenFrames { return (0, 0) }
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = ZSTD_decompressStream(stream, &target, &source)
        guard ZSTD_isError(status) == 0 else {
            throw ArchiveError(.corrupt, "the zstd stream is corrupt: \(String(cString: ZSTD_getErrorName(status)))")
        }
        if status == 0 { isBetweenFrames = true } else if source.pos > 0 { isBetweenFrames = false }
        return (source.pos, target.pos)
    }
}
