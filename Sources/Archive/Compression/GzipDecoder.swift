import CZlib

/// gzip members one after the other (RFC 1952). Small members, such as our own layers are made of, go through
/// libdeflate as a whole, at twice the speed; others stream through zlib. Both check each member's sum and length.
final class GzipDecoder: StreamCoder {
    private let wholeMembers = GzipMemberDecoder()
    // The library keeps a pointer to it: it must not move.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var isBetweenMembers = true
    private var hasMember = false

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

    var isComplete: Bool { isBetweenMembers && hasMember }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(ArchiveError) -> (consumed: Int, produced: Int) {
        let delivered = wholeMembers.deliver(into: output)
        if delivered > 0 { return (0, delivered) }
        if isBetweenMembers {
            if input.isEmpty { return (0, 0) }
            switch wholeMembers.decode(input, isLast: isLast) {
            case .decoded(let consumed):
                hasMember = true
                return (consumed, wholeMembers.deliver(into: output))
            case .incomplete: return (0, 0)
            case .declined: break
            }
            inflateReset(stream)
            isBetweenMembers = false
            hasMember = true
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
