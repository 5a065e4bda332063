import Archive
import Foundation
import Linux
import OCI
import Storage
import SystemPackage

/// A directory of a test's own that goes with it.
final class Scratch: Sendable {
    let path: FilePath

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.path).appending("storage-tests-\(UUID())")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    func store() throws -> Store { try Store.open(at: path.appending("store")) }

    /// Every file below, by its path from here.
    func files() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path.string).filter { name in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: path.appending(name).string, isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }.sorted()
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path.appending(name).string)))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path.appending(name).string))
    }
}

/// Runs a program found in PATH; its standard output.
@discardableResult
func run(_ arguments: [String], in directory: FilePath? = nil, input: [UInt8]? = nil) throws -> [UInt8] {
    let scratch = try Scratch()
    try scratch.write(input ?? [], to: "input")
    try scratch.write([], to: "output")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory.string) }
    process.standardInput = FileHandle(forReadingAtPath: scratch.path.appending("input").string)
    process.standardOutput = FileHandle(forWritingAtPath: scratch.path.appending("output").string)
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ProgramFailure(arguments, process.terminationStatus) }
    return try scratch.bytes("output")
}

struct ProgramFailure: Error, CustomStringConvertible {
    let description: String

    init(_ arguments: [String], _ status: Int32) { description = "\(arguments) ended with status \(status)" }
}

extension BlobStream {
    /// `bytes` in pieces of `size`.
    init(_ bytes: [UInt8], piece size: Int = 10_000) {
        let chunks = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0...].prefix(size)) }
        var iterator = chunks.makeIterator()
        let box = Box { iterator.next() }
        self.init { box.next() }
    }

    private final class Box: @unchecked Sendable {
        // Sendable: a stream has one consumer.
        let next: () -> [UInt8]?
        init(_ next: @escaping () -> [UInt8]?) { self.next = next }
    }
}

extension TarEntry {
    static func file(_ path: String, size: Int = 0, mode: UInt16 = 0o644) -> TarEntry {
        TarEntry(
            path: EntryPath(path) ?? .root, kind: .file(size: Int64(size), offset: 0, segments: nil), mode: mode,
            modified: Timestamp(seconds: 1000))
    }

    static func directory(_ path: String, mode: UInt16 = 0o755) -> TarEntry {
        TarEntry(path: EntryPath(path) ?? .root, kind: .directory, mode: mode, modified: Timestamp(seconds: 1000))
    }
}

extension LayerWriter {
    mutating func append(_ path: String, text: String, mode: UInt16 = 0o644) throws {
        try append(.file(path, size: text.utf8.count, mode: mode), .bytes(Array(text.utf8)))
    }
}
