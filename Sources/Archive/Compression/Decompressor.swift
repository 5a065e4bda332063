/// Decompresses a stream piece by piece: bytes are pushed in as they come and pulled out into buffers of any size.
///
/// Concatenated members and frames are one stream. A stream that ends early, goes on with something else or expands
/// beyond the limit is an error. Used by one thread at a time; that is the caller's duty.
package final class Decompressor: @unchecked Sendable {
    private var format: CompressionFormat?
    private var coder: (any StreamCoder)?
    private var input: [UInt8] = []
    private var consumed = 0
    private var isAtEnd = false
    /// Thrown once what comes out before it was pulled.
    private var failure: ArchiveError?
    private let limit: Int64
    /// Bytes pulled so far.
    package private(set) var size: Int64 = 0

    /// The first bytes tell the `format` if none is given.
    package init(format: CompressionFormat? = nil, limit: Int64 = .max) {
        self.format = format
        self.limit = limit
    }

    /// Takes what was pulled empty before and adds `bytes`.
    package func push(_ bytes: [UInt8]) {
        if consumed == input.count {
            input = bytes
        } else {
            input.removeSubrange(..<consumed)
            input += bytes
        }
        consumed = 0
    }

    /// No more will be pushed: what is left comes out, and then an incomplete stream is an error.
    package func finish() { isAtEnd = true }

    /// Fills `buffer` as far as the bytes pushed so far allow. 0 means: push more, or, after `finish`, the end.
    package func pull(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        if coder == nil {
            if format == nil, input.count - consumed < CompressionFormat.magicLength, !isAtEnd { return 0 }
            let format = self.format ?? CompressionFormat(sniffing: input[consumed...])
            self.format = format
            coder = try Decompressor.coder(for: format)
        }
        guard let coder else { return 0 }
        if let failure { throw failure }
        var produced = 0
        input.withUnsafeBytes { input in
            do throws(ArchiveError) {
                while produced < buffer.count {
                    let step = try coder.step(
                        UnsafeRawBufferPointer(rebasing: input[consumed...]),
                        UnsafeMutableRawBufferPointer(rebasing: buffer[produced...]), isLast: isAtEnd)
                    consumed += step.consumed
                    produced += step.produced
                    if step.consumed == 0, step.produced == 0 { break }
                }
            } catch {
                failure = error
            }
        }
        if let failure, produced == 0 { throw failure }
        size += Int64(produced)
        guard size <= limit else {
            throw ArchiveError(.limit, "the stream expands to more than the limit of \(limit) bytes")
        }
        if produced == 0, isAtEnd {
            guard consumed == input.count, coder.isComplete else {
                throw ArchiveError(.truncated, "the \(format?.rawValue ?? "compressed") stream is truncated")
            }
        }
        return produced
    }

    private static func coder(for format: CompressionFormat) throws(ArchiveError) -> any StreamCoder {
        switch format {
        case .none: PlainCoder()
        case .gzip: try GzipDecoder()
        case .bzip2: try Bzip2Decoder()
        case .xz: try XZDecoder()
        case .zstd: try ZstdDecoder()
        }
    }
}

/// One library's streaming decoder.
protocol StreamCoder: AnyObject {
    /// Decodes some of `input` into some of `output`; neither means that it waits for input or for room. After the
    /// last input no more comes.
    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(ArchiveError) -> (consumed: Int, produced: Int)

    /// Whether the stream may end here.
    var isComplete: Bool { get }
}

private final class PlainCoder: StreamCoder {
    var isComplete: Bool { true }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) -> (consumed: Int, produced: Int) {
        let count = min(input.count, output.count)
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
        return (count, count)
    }
}
