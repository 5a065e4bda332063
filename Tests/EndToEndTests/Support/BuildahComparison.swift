/// Where the images of buildah 1.28 are other than ours, each with its reason. One that is not here fails the test, and
/// so does a reason that nothing needs any more.
enum BuildahComparison {
    struct Explanation: Sendable {
        let example: String
        /// `config.NAME` or a path; a pattern.
        let subject: String
        let reason: String

        init(_ example: String, _ subject: String, _ reason: String) {
            self.example = example
            self.subject = subject
            self.reason = reason
        }
    }

    /// Examples whose Dockerfile is beyond buildah 1.28.
    static let refusals = [
        "copy-exclude": "it has no --exclude", "copy-link": "it has no --link", "copy-parents": "it has no --parents",
        "heredocs": "it has no here-documents", "tmpfs-mounts": "it cannot mount a cache below another mount",
    ]

    static let explanations: [Explanation] =
        [
            .init("add-archives", "/data/lib/sub*", "--chown is also for what an archive holds"),
            .init("apt-cache-mounts", "/etc/shadow", shadow),
            .init("apt-cache-mounts", "/var/cache/apt*", mountPoints),
            .init("apt-cache-mounts", "/var/lib/apt*", mountPoints),
            .init("apt-cache-mounts", "/var/log*", mountPoints),
            .init("bind-mounts", "/unchanged", "what is written to a mount goes to the next step, and to the context"),
            .init("bind-mounts", "config.WorkingDir", workingDirectory),
            .init("c-apt-get", "/var/cache/apt/*.bin", "apt maps files that have their times"),
            .init("c-apt-get", "/var/log/*", "logs have the time"),
            .init("copy-from-image", "/usr/local/etc*", "--chmod is also for the directories that COPY makes"),
            .init("cpp-static", "config.WorkingDir", workingDirectory),
            .init("distroless", "config.ArgsEscaped", "it does not set it on images that begin with nothing"),
            .init("env-path", "config.Env", order),
            .init("go-two-stage", "config.WorkingDir", workingDirectory),
            .init("python-cache-mount", "/root/.cache", "directories made for a mount stay"),
            .init("python-venv", "/etc/shadow", shadow),
            .init("python-venv", "*.pyc", "byte code has the time of its source"),
            .init("python-venv", "config.Env", order),
            .init("secret-mounts", "/run/secrets", "directories made for a mount stay"),
            .init("shell-forms", "config.Entrypoint", "SHELL is for RUN alone"),
            .init("test-report", "config.WorkingDir", workingDirectory),
            .init("volumes-ports", "/data/late", "what is written below a volume is dropped"),
            .init("volumes-ports", "/with space", "volumes are made as directories"),
            .init("volumes-ports", "config.ExposedPorts", "ranges stay ranges, and protocols are not lowered"),
        ]

    private static let mountPoints = "directories of the image that a cache is mounted on are taken away afterwards"
    private static let order = "a variable that is set again goes to the end"
    private static let shadow = "RUN has no SOURCE_DATE_EPOCH, and useradd notes the day"
    private static let workingDirectory = "an image that begins with nothing has no working directory"

    /// Those that may come with any example, and all of them with the first.
    static let everywhere: [Explanation] =
        ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/run"].map {
            .init("alpine-style", $0, "files made for RUN stay")
        } + [.init("alpine-style", "config.Hostname", "the builder's own host name is kept")]

    /// What differs between two images, by subject. Times and the steps of the history are not compared.
    static func differences(_ ours: ImageContents, _ theirs: ImageContents) -> [String: String] {
        var differences: [String: String] = [:]
        for path in Set(ours.tree.keys).union(theirs.tree.keys) where ours.tree[path] != theirs.tree[path] {
            differences[path] = "ours \(ours.tree[path] ?? "absent"), theirs \(theirs.tree[path] ?? "absent")"
        }
        for name in Set(ours.runtime.keys).union(theirs.runtime.keys) where ours.runtime[name] != theirs.runtime[name] {
            let (one, other) = (ours.runtime[name], theirs.runtime[name])
            differences["config.\(name)"] =
                "ours \(one?.description ?? "absent"), theirs \(other?.description ?? "absent")"
        }
        for name in ["architecture", "os", "variant", "author"] where ours.config[name] != theirs.config[name] {
            let (one, other) = (ours.config[name], theirs.config[name])
            differences[name] = "ours \(one?.description ?? "absent"), theirs \(other?.description ?? "absent")"
        }
        return differences
    }
}
