/// What a runtime or the supervisor wrote because a step could not start.
enum RuntimeLog {
    static func error(_ log: String, runtime: String, program: String) -> SandboxError {
        var message = log.split(separator: "\n").last.map { clean(String($0)) } ?? ""
        let isCommand = ["executable file", "exec ", "execve", "chdir", "open executable"].contains {
            message.contains($0)
        }
        // Said by crun without the name.
        let anonymous = "open executable: "
        if message.hasPrefix(anonymous) { message = "cannot run `\(program)`: \(message.dropFirst(anonymous.count))" }
        return SandboxError(isCommand ? .notExecutable : .system, isCommand ? message : "\(runtime): \(message)")
    }

    /// crun begins a line with the time when it writes to a file.
    private static func clean(_ line: String) -> String {
        guard let end = line.firstIndex(of: " "), line[..<end].contains(":"), line.first?.isNumber == true else {
            return line
        }
        return String(line[line.index(after: end)...])
    }
}
