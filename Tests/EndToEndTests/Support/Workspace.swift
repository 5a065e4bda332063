import Foundation
import Glibc
import Linux
import SystemPackage
import Testing

/// A directory with a store, a home and whatever a test writes; it goes with the value. Programs run in it, with its
/// home and nothing else of the user's.
final class Workspace: Sendable {
    let directory: FilePath
    let store: FilePath

    /// Its name is short: podman allows its own directories 50 bytes.
    init() throws {
        directory = FilePath(FileManager.default.temporaryDirectory.path).appending(
            "end-\(UUID().uuidString.prefix(13))")
        store = directory.appending("store")
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory.string) }

    /// What every program of the tests gets, and nothing else.
    var environment: [String] {
        Command.plainEnvironment
            + ["HOME=\(directory)", "TMPDIR=\(directory)", "CAISSON_ROOT=\(store)", "SOURCE_DATE_EPOCH=1700000000"]
    }

    // MARK: Files

    func path(_ name: String) -> String { directory.appending(name).string }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let path = directory.appending(name)
        try FileManager.default.createDirectory(
            atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: path.string))
    }

    func read(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path(name)))) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// A context `name` whose Dockerfile follows `FROM scratch` and a copy of busybox with its usual commands.
    func context(_ dockerfile: String, named name: String = "app", files: [String: String] = [:]) throws {
        let busybox = try #require(Command.locate("busybox"))
        let bin = path("\(name)/root/bin")
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        if !exists("\(name)/root/bin/busybox") {
            try FileManager.default.copyItem(atPath: busybox.string, toPath: bin + "/busybox")
        }
        for applet in ["sh", "cat", "echo", "ls", "mkdir", "ln", "chmod", "sleep", "setsid", "true", "false", "seq"]
        where !exists("\(name)/root/bin/\(applet)") {
            try FileManager.default.createSymbolicLink(atPath: bin + "/\(applet)", withDestinationPath: "busybox")
        }
        try write("\(name)/Dockerfile", "FROM scratch\nCOPY root /\n" + dockerfile)
        for (file, text) in files { try write("\(name)/\(file)", text) }
    }

    // MARK: Programs

    /// The program under test, as it was built with the tests.
    static let program: FilePath = {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return FilePath(tests).removingLastComponent().appending("caisson")
    }()

    func command(_ arguments: [String], environment more: [String] = []) -> Command {
        var command = Command(Self.program, arguments, environment: environment + more)
        command.directory = directory
        command.deadline = .seconds(90)
        command.output = .capture(limit: 8 << 20)
        command.error = .capture(limit: 8 << 20)
        return command
    }

    /// Runs the program under test to its end, whatever that is.
    func caisson(_ arguments: String..., environment more: [String] = []) async throws -> Command.Result {
        let result = try await command(arguments, environment: more).run()
        try #require(!result.timedOut, "caisson \(arguments) does not end: \(result.errorText)")
        return result
    }

    /// Runs it and returns standard output; another exit code than 0 fails the test.
    @discardableResult
    func succeed(_ arguments: String..., environment more: [String] = []) async throws -> String {
        let result = try await command(arguments, environment: more).run()
        try #require(result.status.isSuccess, "caisson \(arguments): \(result.status) \(result.errorText)")
        return result.outputText
    }

    /// Runs somebody else's program and returns standard output; a failure fails the test.
    @discardableResult
    func tool(_ words: String...) async throws -> String { try await tool(words) }

    @discardableResult
    func tool(_ words: [String]) async throws -> String {
        let program = try #require(Command.locate(words[0]), "\(words[0]) is not installed")
        var command = Command(program, Array(words.dropFirst()), environment: environment)
        command.directory = directory
        command.deadline = .seconds(120)
        let result = try await command.run()
        try #require(result.status.isSuccess, "\(words): \(result.status) \(result.errorText)\(result.outputText)")
        return result.outputText
    }
}

extension Command.Result {
    var code: Int32 { status.shellCode }
}
