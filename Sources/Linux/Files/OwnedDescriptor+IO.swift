import Glibc
import SystemPackage

extension OwnedDescriptor {
    /// Writes all of `bytes` at the descriptor's position.
    package borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        try FileIO.write(bytes, to: rawValue)
    }

    /// Writes all of `bytes` at the descriptor's position.
    package borrowing func write(_ bytes: [UInt8]) throws(SystemError) { try FileIO.write(bytes, to: rawValue) }

    /// Reads up to `buffer.count` bytes at `offset`; 0 at the end of the file.
    package borrowing func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemError) -> Int
    {
        let raw = rawValue
        return try check("read") { pread(raw, buffer.baseAddress, buffer.count, off_t(offset)) }
    }

    /// Exactly `count` bytes at `offset`; a shorter file is `EIO`.
    package borrowing func read(count: Int, at offset: Int64) throws(SystemError) -> [UInt8] {
        try FileIO.read(count: count, at: offset, from: rawValue)
    }

    /// Reads at the descriptor's position; 0 at the end.
    package borrowing func readNext(into chunk: inout [UInt8]) throws(SystemError) -> Int {
        let raw = rawValue
        return try check("read") { chunk.withUnsafeMutableBytes { Glibc.read(raw, $0.baseAddress, $0.count) } }
    }

    package borrowing func synchronize() throws(SystemError) {
        let raw = rawValue
        try check("flush to disk") { fsync(raw) }
    }
}

extension SharedDescriptor {
    /// Writes all of `bytes` at the descriptor's position.
    package func write(_ bytes: [UInt8]) throws(SystemError) { try FileIO.write(bytes, to: rawValue) }

    /// Exactly `count` bytes at `offset`; a shorter file is `EIO`.
    package func read(count: Int, at offset: Int64) throws(SystemError) -> [UInt8] {
        try FileIO.read(count: count, at: offset, from: rawValue)
    }

    /// Up to `count` bytes at the descriptor's position, as many as there are; none at the end.
    package func readNext(upTo count: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(SystemError) {
                initialized = try check("read") { Glibc.read(rawValue, buffer.baseAddress, buffer.count) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

private enum FileIO {
    static func write(_ bytes: [UInt8], to descriptor: CInt) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            done += try check("write") {
                bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done) }
            }
        }
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try check("write") { Glibc.write(descriptor, rest.baseAddress, rest.count) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    static func read(count: Int, at offset: Int64, from descriptor: CInt) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let step = try check("read") {
                bytes.withUnsafeMutableBytes {
                    pread(descriptor, $0.baseAddress?.advanced(by: done), count - done, off_t(offset) + off_t(done))
                }
            }
            guard step > 0 else { throw SystemError("read \(count) bytes at \(offset)", errno: .ioError) }
            done += step
        }
        return bytes
    }
}
