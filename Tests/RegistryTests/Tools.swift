import Foundation
import Linux
import SystemPackage
import Testing

/// Programs of others, run to their end in a directory of their own.
struct Tools {
    static func areInstalled(_ names: String...) -> Bool { names.allSatisfy { Command.locate($0) != nil } }

    let directory: String

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "tools-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }

    /// Returns standard output; a failure of the program fails the test.
    @discardableResult
    func run(_ name: String, _ arguments: String...) async throws -> String {
        let program = try #require(Command.locate(name))
        var command = Command(
            program, arguments, environment: Command.plainEnvironment + ["HOME=\(directory)", "TMPDIR=\(directory)"])
        command.directory = FilePath(directory)
        command.deadline = .seconds(90)
        let result = try await command.run()
        try #require(result.status.isSuccess, "\(name) \(arguments): \(result.errorText)\(result.outputText)")
        return result.outputText
    }
}
