import CZstd
package import Linux

/// zstd as layer contract 1, rule 11 has it: one frame by the library's multi-threaded encoder, which cuts its jobs by
/// the level alone, without a checksum. The number of threads leaves no trace.
package enum ZstdEncoder {
    package static let encoder = "zstd \(String(cString: ZSTD_versionString()))"
    package static let defaultLevel = 3

    /// Compresses the first `size` bytes of `file`; blocks. `write` gets the output in order, in pieces that it must not
    /// keep.
    package static func compress(
        _ file: SharedDescriptor, size: Int64, level: Int = defaultLevel, threads: Int,
        to write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("zstd cannot start") }
        defer { ZSTD_freeCCtx(context) }
        try set(ZSTD_c_compressionLevel, level, of: context)
        try set(ZSTD_c_nbWorkers, max(1, threads), of: context)
        try set(ZSTD_c_checksumFlag, 0, of: context)

        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer {
            buffer.deallocate()
            output.deallocate()
        }
        var offset: Int64 = 0
        while true {
            let count = Int(min(Int64(buffer.count), size - offset))
            guard try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: offset) == count
            else {
                throw ArchiveError(.truncated, "the file became shorter while it was compressed")
            }
            offset += Int64(count)
            let isLast = offset == size
            var source = ZSTD_inBuffer(src: buffer.baseAddress, size: count, pos: 0)
            while true {
                var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                let rest = try check(
                    ZSTD_compressStream2(context, &target, &source, isLast ? ZSTD_e_end : ZSTD_e_continue))
                try write(UnsafeRawBufferPointer(rebasing: output[..<target.pos]))
                if isLast ? rest == 0 : source.pos == source.size { break }
            }
            if isLast { return }
        }
    }

    private static func set(_ parameter: ZSTD_cParameter, _ value: Int, of context: OpaquePointer) throws {
        try check(ZSTD_CCtx_setParameter(context, parameter, CInt(value)))
    }

    @discardableResult
    private static func check(_ status: Int) throws -> Int {
        guard ZSTD_isError(status) == 0 else {
            throw ArchiveError(.unsupported, "zstd cannot compress: \(String(cString: ZSTD_getErrorName(status)))")
        }
        return status
    }
}
