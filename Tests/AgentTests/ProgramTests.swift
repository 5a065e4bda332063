import Agent
import Foundation
import SystemPackage
import Testing

/// The executable as a process.
@Suite(.timeLimit(.minutes(2))) struct ProgramTests {
    struct Ending {
        let code: Int32
        let output: String
        let errors: String
    }

    static var program: URL {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: tests).deletingLastPathComponent().appending(path: "caisson-agent")
    }

    /// Runs the program to its end; `whileRunning` may watch its standard error, line by line, and signal it.
    static func run(
        _ arguments: [String], environment: [String: String] = [:],
        whileRunning: ((String, Process) -> Void)? = nil
    ) throws -> Ending {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        var text = ""
        while true {
            let bytes = errors.fileHandleForReading.availableData
            if bytes.isEmpty { break }
            text += String(decoding: bytes, as: UTF8.self)
            whileRunning?(text, process)
        }
        let printed = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Ending(code: process.terminationStatus, output: printed, errors: text)
    }

    static let pipeline = """
        schema: 1
        repo: https://git.example.org/team/web.git
        triggers: { main: { branch: main } }
        checks: { unit: test }

        """

    static func withFiles<Result>(
        configuration: String = "", pipelines: [String: String] = ["web.yaml": pipeline],
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        try await withFolder { folder in
            let directory = folder.appending("pipelines").string
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for (name, text) in pipelines {
                try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
            }
            let file = folder.appending("agent.conf").string
            let own = "agent.data = 'data'\nhttp.listen = '127.0.0.1:0'\n"
            try (own + configuration).write(toFile: file, atomically: true, encoding: .utf8)
            return try await body(file)
        }
    }

    @Test func checkSaysWhatWasRead() async throws {
        let ending = try await Self.withFiles { try Self.run(["serve", "--config", $0, "--check"]) }
        #expect(ending.code == 0 && ending.errors.isEmpty)
        #expect(ending.output == "web: https://git.example.org/team/web.git on main\n")
    }

    @Test(arguments: [
        ("[queue]\nslot = 3\n", pipeline, "agent.conf:4:1: unknown key `slot` in [queue]"),
        ("", "schema: 1\n", "web.yaml:1:1: the pipeline has no `repo`"),
        ("git.schemes = ['ssh']", pipeline, "web.yaml:2:7: repositories by `https` are not allowed"),
    ])
    func wrongFilesEndWithTwoAndTheirPlace(configuration: String, pipeline: String, message: String) async throws {
        let ending = try await Self.withFiles(configuration: configuration, pipelines: ["web.yaml": pipeline]) { file in
            try Self.run(["serve", "--config", file, "--check"])
        }
        #expect(ending.code == 2 && ending.output.isEmpty)
        #expect(ending.errors.contains(message), "\(ending.errors)")
    }

    @Test(arguments: [
        ["serve", "--config", "/no/such/agent.conf"], ["serve", "--nonsense"], ["nonsense"],
    ])
    func wrongCallsEndWithTwo(arguments: [String]) throws {
        let ending = try Self.run(arguments)
        #expect(ending.code == 2 && !ending.errors.isEmpty && ending.output.isEmpty)
    }

    @Test(arguments: [["--help"], ["serve", "--help"], ["--version"]]) func helpIsASuccess(arguments: [String]) throws {
        let ending = try Self.run(arguments)
        #expect(ending.code == 0 && ending.output.contains("caisson-agent") && ending.errors.isEmpty)
    }

    @Test func environmentReachesTheConfiguration() async throws {
        let ending = try await Self.withFiles { file in
            try Self.run(["serve", "--config", file, "--check"], environment: ["CAISSON__QUEUE__SLOTS": "many"])
        }
        #expect(ending.code == 2)
        #expect(ending.errors.hasPrefix("environment: `slots` of [queue] must be a whole number"))
    }

    @Test func secondAgentEndsWithThree() async throws {
        try await Self.withFiles { file in
            var second: Ending?
            let first = try Self.run(["serve", "--config", file]) { errors, process in
                guard second == nil, errors.contains("\"message\":\"agent started\"") else { return }
                second = try? Self.run(["serve", "--config", file])
                process.terminate()
            }
            #expect(first.code == 0)
            #expect(second?.code == 3)
            #expect(second?.errors.contains("is in use by another agent (process ") == true, "\(second?.errors ?? "")")
        }
    }

    @Test func signalEndsInOrder() async throws {
        try await Self.withFiles(pipelines: [:]) { file in
            var isSignalled = false
            let ending = try Self.run(["serve", "--config", file]) { errors, process in
                guard !isSignalled, errors.components(separatedBy: "\"message\":\"listening\"").count > 2 else {
                    return
                }
                isSignalled = true
                process.terminate()
            }
            #expect(ending.code == 0, "\(ending.errors)")
            #expect(ending.errors.contains("\"message\":\"agent stopped\""))
            let lines = ending.errors.split(separator: "\n")
            #expect(try lines.allSatisfy { try JSONSerialization.jsonObject(with: Data($0.utf8)) is [String: String] })
        }
    }
}
