import Foundation
import Linux
import SystemPackage
import Testing

/// A terminal of tmux with the program under test in it. Its server goes with the value.
final class Multiplexer: Sendable {
    private let workspace: Workspace
    private let socket: String

    /// After the program the terminal shows `exit` and its code. Without `namesStore` nothing follows `arguments`.
    init(
        _ workspace: Workspace, columns: Int, rows: Int, running arguments: [String],
        environment: String = "TERM=screen", namesStore: Bool = true
    ) async throws {
        self.workspace = workspace
        socket = workspace.path("tmux-\(UUID().uuidString.prefix(8))")
        let words = workspace.environment + ["LC_ALL=C.UTF-8", environment, Workspace.program.string] + arguments
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        try await tmux(
            "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "-c", workspace.directory.string,
            // The store is part of the command line, so that a test finds the process by it.
            "env -i \(quoted)\(namesStore ? " --root \(workspace.store)" : ""); echo exit $?; exec sleep 100")
    }

    /// A command line as a shell reads it.
    init(_ workspace: Workspace, shell command: String) async throws {
        self.workspace = workspace
        socket = workspace.path("tmux-\(UUID().uuidString.prefix(8))")
        try await tmux(
            "new-session", "-d", "-x", "200", "-y", "40", "-c", workspace.directory.string,
            "\(command); echo exit $?; exec sleep 100")
    }

    deinit {
        // SIGKILL of the server would leave nothing either, but this ends the programs in it first.
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["tmux", "-S", socket, "kill-server"]
        process.standardError = FileHandle.nullDevice
        try? process.run()
        process.waitUntilExit()
    }

    @discardableResult
    private func tmux(_ arguments: String...) async throws -> String {
        try await workspace.tool(["tmux", "-u", "-f", "/dev/null", "-S", socket] + arguments)
    }

    /// The lines in the window, without empty ones at its end.
    func screen() async throws -> [String] { Self.lines(try await tmux("capture-pane", "-p")) }

    /// The same with what has scrolled away; lines that wrapped are whole.
    func history() async throws -> [String] { Self.lines(try await tmux("capture-pane", "-p", "-J", "-S", "-")) }

    private static func lines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    func wait(for condition: ([String]) -> Bool) async throws -> Bool {
        for _ in 0..<600 {
            if condition(try await screen()) { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return condition(try await screen())
    }

    func resize(columns: Int, rows: Int) async throws {
        try await tmux("resize-window", "-x", "\(columns)", "-y", "\(rows)")
    }

    func type(_ line: String) async throws {
        try await tmux("send-keys", "-l", line)
        try await press("Enter")
    }

    func press(_ key: String) async throws { try await tmux("send-keys", key) }

    func isCursorVisible() async throws -> Bool { try await tmux("display-message", "-p", "#{cursor_flag}") == "1\n" }
}
