/// What a runtime or the supervisor wrote because a step could not start.
enum RuntimeLog {
    static func error(_ log: String, runtime: String, program: String) -> SandboxError {
        var message = lastLine(of: log)
        let isCommand = isAboutCommand(message)
        // Said by crun without the name.
        let anonymous = "open executable: "
        if message.hasPrefix(anonymous) { message = "cannot run `\(program)`: \(message.dropFirst(anonymous.count))" }
        guard isCommand else { return SandboxError(.system, "\(runtime): \(message)") }
        return SandboxError(.notExecutable, message, hint: message.contains("executable file") ? hint(program) : nil)
    }

    static func lastLine(of log: String) -> String { log.split(separator: "\n").last.map { clean(String($0)) } ?? "" }

    /// Whether the line is what the runtime says of a command that cannot be run.
    static func isAboutCommand(_ line: String) -> Bool {
        ["executable file", "exec ", "execve", "chdir", "open executable"].contains { line.contains($0) }
    }

    private static func hint(_ program: String) -> String {
        switch program {
        case "/bin/sh", "/bin/bash", "/bin/ash":
            "the image has no shell at that path: name a program that it has, in a Dockerfile as "
                + #"["program", "argument"]"#
        case _ where program.contains("/"):
            "the image has no program at that path: check the path, and that the file may be executed"
        default: "no directory in the image's PATH has that program: check the name, or give its path in the image"
        }
    }

    /// crun begins a line with the time when it writes to a file.
    private static func clean(_ line: String) -> String {
        guard let end = line.firstIndex(of: " "), line[..<end].contains(":"), line.first?.isNumber == true else {
            return line
        }
        return String(line[line.index(after: end)...])
    }
}
