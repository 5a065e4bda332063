import Archive
import Foundation
import Linux
import Synchronization
import SystemPackage
import Testing

@Suite struct CompressionTests {
    /// Something between text and noise, the same every time.
    static func sample(_ count: Int) -> [UInt8] {
        var state: UInt64 = 42
        return (0..<count).map { index in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return index % 3 == 0 ? UInt8(truncatingIfNeeded: state >> 40) : UInt8(index / 64 % 251)
        }
    }

    static func decompress(_ bytes: [UInt8], chunk: Int = 1000, limit: Int64 = .max) throws -> [UInt8] {
        let decompressor = Decompressor(limit: limit)
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 777)
        func drain() throws {
            while true {
                let count = try buffer.withUnsafeMutableBytes { try decompressor.pull(into: $0) }
                if count == 0 { return }
                result += buffer[..<count]
            }
        }
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            decompressor.push(Array(bytes[start..<min(start + chunk, bytes.count)]))
            try drain()
        }
        decompressor.finish()
        try drain()
        return result
    }

    /// What the named program makes of `bytes`.
    static func filter(_ program: String, _ arguments: [String], _ bytes: [UInt8]) throws -> [UInt8] {
        try TemporaryDirectory.with { directory in
            let input = directory.appending("input")
            try Data(bytes).write(to: URL(fileURLWithPath: input.string))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [program] + arguments
            process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: input.string))
            let output = directory.appending("output").string
            try #require(FileManager.default.createFile(atPath: output, contents: nil))
            process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
            return Array(try Data(contentsOf: URL(fileURLWithPath: output)))
        }
    }

    static let programs = [("gzip", ["-c"]), ("bzip2", ["-c"]), ("xz", ["-c"]), ("zstd", ["-c", "-q"])]

    @Test(arguments: programs.map(\.0))
    func whatOthersCompressIsReadInAnyPieces(_ program: String) throws {
        let sample = CompressionTests.sample(300_000)
        let bytes = try CompressionTests.filter(program, ["-c", "-q"], sample)
        #expect(CompressionFormat(sniffing: bytes).rawValue.hasPrefix(program.prefix(2)))
        for chunk in [1, 13, 4096, 1 << 20] {
            #expect(try CompressionTests.decompress(bytes, chunk: chunk) == sample)
        }
        #expect(try CompressionTests.decompress(bytes + bytes) == sample + sample)
    }

    @Test(arguments: programs.map(\.0))
    func damagedStreamsAreRefused(_ program: String) throws {
        let bytes = try CompressionTests.filter(program, ["-c", "-q"], CompressionTests.sample(20_000))
        for length in [6, 20, bytes.count / 2, bytes.count - 1] {
            #expect(throws: ArchiveError.self) { _ = try CompressionTests.decompress(Array(bytes[..<length])) }
        }
        #expect(throws: ArchiveError.self) { _ = try CompressionTests.decompress(bytes + Array("garbage".utf8)) }
        var spoiled = bytes
        spoiled[bytes.count / 2] ^= 1
        #expect(throws: ArchiveError.self) { _ = try CompressionTests.decompress(spoiled) }
    }

    @Test(arguments: programs.map(\.0))
    func expansionIsLimited(_ program: String) throws {
        let bytes = try CompressionTests.filter(program, ["-c", "-q"], [UInt8](repeating: 0, count: 10_000_000))
        let error = #expect(throws: ArchiveError.self) {
            _ = try CompressionTests.decompress(bytes, limit: 1_000_000)
        }
        #expect(error?.code == .limit)
    }

    @Test func plainBytesPassUnchanged() throws {
        for sample in [[], [1], CompressionTests.sample(5000)] {
            #expect(try CompressionTests.decompress(sample, chunk: 3) == sample)
        }
    }

    private func gzip(_ bytes: [UInt8], threads: Int) async throws -> [UInt8] {
        let output = Mutex<[UInt8]>([])
        let file = try TemporaryDirectory.with { try CompressionTests.file(bytes, in: $0) }
        try await GzipMembers.compress(file, size: Int64(bytes.count), threads: threads) { piece in
            output.withLock { $0.append(contentsOf: piece) }
        }
        return output.withLock { $0 }
    }

    private func zstd(_ bytes: [UInt8], threads: Int) throws -> [UInt8] {
        var output: [UInt8] = []
        let file = try TemporaryDirectory.with { try CompressionTests.file(bytes, in: $0) }
        try ZstdEncoder.compress(file, size: Int64(bytes.count), threads: threads) { output.append(contentsOf: $0) }
        return output
    }

    static func file(_ bytes: [UInt8], in directory: FilePath) throws -> SharedDescriptor {
        let path = directory.appending("file")
        try OwnedDescriptor.open(path, flags: O_WRONLY | O_CREAT).write(bytes)
        return SharedDescriptor(try OwnedDescriptor.open(path))
    }

    @Test(arguments: [0, 1, 1 << 20, 1 << 20 + 1, 3_500_000])
    func threadsLeaveNoTrace(_ count: Int) async throws {
        let sample = CompressionTests.sample(count)
        let alone = try await gzip(sample, threads: 1)
        #expect(try await gzip(sample, threads: 4) == alone)
        for chunk in [777, 1 << 16, 1 << 22] {
            #expect(try CompressionTests.decompress(alone, chunk: chunk) == sample)
        }
        #expect(try CompressionTests.filter("gzip", ["-dc"], alone) == sample)
        #expect(alone.starts(with: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]))

        let frame = try zstd(sample, threads: 1)
        #expect(try zstd(sample, threads: 4) == frame)
        #expect(try CompressionTests.filter("zstd", ["-dcq"], frame) == sample)
    }
}

/// A directory of a test's own that goes with it.
enum TemporaryDirectory {
    static func with<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("archive-tests-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(FilePath(url.path))
    }
}
