import Glibc
package import Linux

extension SharedDescriptor {
    /// Reads up to `buffer.count` bytes at `offset`; less only at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemError) -> Int {
        let raw = rawValue
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let step = try check("read") { pread(raw, rest.baseAddress, rest.count, off_t(offset) + off_t(done)) }
            if step == 0 { break }
            done += step
        }
        return done
    }

    /// Up to `count` bytes at `offset`; less only at the end of the file.
    package func read(upTo count: Int, at offset: Int64) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(SystemError) {
                initialized = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// The size of the regular file.
    package func size() throws(SystemError) -> Int64 {
        let raw = rawValue
        var status = stat()
        try check("read the status of a file") { fstat(raw, &status) }
        return Int64(status.st_size)
    }
}
