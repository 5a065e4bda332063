import CDeflate
package import Linux

/// gzip as layer contract 1, rule 11 has it: one member for each mebibyte of input, a fixed header, libdeflate, whose
/// output is the same on every CPU. Members are compressed in parallel; the number of threads leaves no trace.
package enum GzipMembers {
    package static let encoder = "libdeflate \(LIBDEFLATE_VERSION_STRING)"
    package static let defaultLevel = 1

    private static let memberSize: Int64 = 1 << 20

    /// Compresses the first `size` bytes of `file`. `write` gets the output in order, on one thread, in pieces that it
    /// must not keep.
    package static func compress(
        _ file: SharedDescriptor, size: Int64, level: Int = defaultLevel, threads: Int,
        to write: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        // An empty input is one empty member.
        let count = max(1, Int((size + memberSize - 1) / memberSize))
        let output = BlockingThread(label: "gzip-out")
        try await withThrowingTaskGroup(of: (index: Int, worker: Worker, bytes: [UInt8]).self) { group in
            var started = 0
            func start(_ worker: Worker) {
                guard started < count else { return }
                let index = started
                started += 1
                group.addTask {
                    let offset = Int64(index) * memberSize
                    let length = Int(min(memberSize, size - offset))
                    return (index, worker, try await worker.compress(file, at: offset, count: length))
                }
            }
            for _ in 0..<max(1, min(threads, count)) { start(Worker(level: level)) }
            var finished: [Int: [UInt8]] = [:]
            var next = 0
            while let member = try await group.next() {
                start(member.worker)
                finished[member.index] = member.bytes
                while let bytes = finished.removeValue(forKey: next) {
                    try await output.run { try bytes.withUnsafeBytes { try write($0) } }
                    next += 1
                }
            }
        }
    }

    /// A thread with its compressor and buffer.
    private final class Worker: @unchecked Sendable {
        // Sendable: compressor and buffer are used on the thread alone.
        private let thread = BlockingThread(label: "gzip")
        private let compressor: OpaquePointer
        private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(memberSize), alignment: 64)

        init(level: Int) {
            guard let compressor = libdeflate_alloc_compressor(CInt(level)) else {
                preconditionFailure("libdeflate has no level \(level)")
            }
            self.compressor = compressor
        }

        deinit {
            libdeflate_free_compressor(compressor)
            buffer.deallocate()
        }

        func compress(_ file: SharedDescriptor, at offset: Int64, count: Int) async throws -> [UInt8] {
            try await thread.run { [self] in
                let input = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                guard try file.read(into: input, at: offset) == count else {
                    throw ArchiveError(.truncated, "the file became shorter while it was compressed")
                }
                return member(UnsafeRawBufferPointer(input))
            }
        }

        private func member(_ input: UnsafeRawBufferPointer) -> [UInt8] {
            let header: [UInt8] = [0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 0xFF]
            let trailerLength = 8
            let bound = libdeflate_deflate_compress_bound(compressor, input.count)
            return [UInt8](unsafeUninitializedCapacity: header.count + bound + trailerLength) { output, count in
                _ = output.update(fromContentsOf: header)
                let room = UnsafeMutableBufferPointer(rebasing: output[header.count..<header.count + bound])
                let deflated = libdeflate_deflate_compress(
                    compressor, input.baseAddress, input.count, room.baseAddress, bound)
                precondition(deflated > 0, "libdeflate exceeds its own bound")
                count = header.count + deflated
                for value in [libdeflate_crc32(0, input.baseAddress, input.count), UInt32(input.count)] {
                    for shift in [0, 8, 16, 24] as [UInt32] {
                        output[count] = UInt8(truncatingIfNeeded: value >> shift)
                        count += 1
                    }
                }
            }
        }
    }
}
