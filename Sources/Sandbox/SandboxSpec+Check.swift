import Linux

extension SandboxSpec {
    /// Throws for what no runtime can carry out as it is written.
    func check(_ ids: IDMapping) throws(SandboxError) {
        guard let program = arguments.first, !program.isEmpty else {
            throw SandboxError(.notExecutable, "the command is empty")
        }
        for text in arguments + environment + [workingDirectory] where text.utf8.contains(0) {
            throw SandboxError(.notExecutable, "a zero byte cannot be part of an argument or a variable")
        }
        for file in files
        where file.name.isEmpty || file.name.hasPrefix(".") || file.name.utf8.contains(UInt8(ascii: "/")) {
            throw SandboxError(.notExecutable, "`\(file.name)` is no name for a file of a step")
        }
        for id in [user.uid, user.gid] + user.supplementaryGroups where ids.outside(id) == nil {
            throw SandboxError(.notExecutable, "the id \(id) is none of the \(ids.count) ids of a build")
        }
    }
}

extension SandboxSpec.Limits {
    var cgroupLimits: Cgroup.Limits {
        Cgroup.Limits(memory: memory, processes: processes, processors: processors)
    }
}
