import CZlib

/// gzip members one after the other (RFC 1952), by zlib, which checks each member's sum and length.
final class GzipDecoder: StreamCoder {
    // The library keeps a pointer to it: it must not move.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var isBetweenMembers = false

    init() throws(ArchiveError) {
        stream.initialize(to: z_stream())
        // 15 bits of window, 16: a gzip header and nothing else.
        let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot start: \(status)")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    var isComplete: Bool { isBetweenMembers }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> (consumed: Int, produced: Int) {
        if input.isEmpty, isBetweenMembers { return (0, 0) }
        if isBetweenMembers {
            inflateReset(stream)
            isBetweenMembers = false
        }
        let available = UInt32(clamping: input.count)
        let room = UInt32(clamping: output.count)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = available
        stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = room
        let status = inflate(stream, Z_NO_FLUSH)
        switch status {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: isBetweenMembers = true
        default:
            let reason = stream.pointee.msg.map { String(cString: $0) } ?? "status \(status)"
            throw ArchiveError(.corrupt, "the gzip stream is corrupt: \(reason)")
        }
        return (Int(available - stream.pointee.avail_in), Int(room - stream.pointee.avail_out))
    }
}
