import CDeflate

/// Decodes whole gzip members of up to a mebibyte, in memory.
final class GzipMemberDecoder {
    enum Outcome {
        /// The member is ready to be delivered; it took so many bytes of the input.
        case decoded(consumed: Int)
        /// The member may go on in what has not come yet.
        case incomplete
        /// The member is too large, or broken.
        case declined
    }

    private static let limit = 1 << 20
    /// A member of that size is never longer, whatever its content.
    private static let inputLimit = limit + limit / 8 + 1024

    private let decompressor: OpaquePointer
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 64)
    private var pending: Range<Int> = 0..<0
    /// Trying again is worth it only with twice as much: otherwise many small pieces cost as many attempts.
    private var worthTrying = 0

    init() {
        guard let decompressor = libdeflate_alloc_decompressor() else { preconditionFailure("libdeflate cannot start") }
        self.decompressor = decompressor
    }

    deinit {
        libdeflate_free_decompressor(decompressor)
        buffer.deallocate()
    }

    /// Decodes the member at the start of `input`. The one before has been delivered.
    func decode(_ input: UnsafeRawBufferPointer, isLast: Bool) -> Outcome {
        if input.count < worthTrying, !isLast { return .incomplete }
        var consumed = 0
        var produced = 0
        let status = libdeflate_gzip_decompress_ex(
            decompressor, input.baseAddress, min(input.count, GzipMemberDecoder.inputLimit), buffer.baseAddress,
            buffer.count, &consumed, &produced)
        if status == LIBDEFLATE_SUCCESS {
            worthTrying = 0
            pending = 0..<produced
            return .decoded(consumed: consumed)
        }
        if status == LIBDEFLATE_BAD_DATA, input.count < GzipMemberDecoder.inputLimit, !isLast {
            worthTrying = min(2 * input.count, GzipMemberDecoder.inputLimit)
            return .incomplete
        }
        worthTrying = 0
        return .declined
    }

    /// Moves decoded bytes to `output`, as many as fit.
    func deliver(into output: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(pending.count, output.count)
        guard count > 0 else { return 0 }
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[pending.prefix(count)]))
        pending = pending.dropFirst(count)
        return count
    }
}
