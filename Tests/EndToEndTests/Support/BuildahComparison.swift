/// Where the images of buildah 1.28 are other than ours, each with its reason. One that is not here fails the test, and
/// so does a reason that nothing needs any more.
enum BuildahComparison {
    struct Explanation: Sendable {
        let example: String
        let kind: ImageDifference.Kind
        /// `config.NAME` or a path; a pattern.
        let subject: String
        let reason: String

        init(_ example: String, _ kind: ImageDifference.Kind, _ subject: String, _ reason: String) {
            self.example = example
            self.kind = kind
            self.subject = subject
            self.reason = reason
        }

        func covers(_ difference: ImageDifference) -> Bool {
            difference.kind == kind && matches(difference.subject, subject)
        }
    }

    /// Examples whose Dockerfile is beyond buildah 1.28.
    static let refusals = [
        "copy-exclude": "it has no --exclude", "copy-link": "it has no --link", "copy-parents": "it has no --parents",
        "heredocs": "it has no here-documents", "tmpfs-mounts": "it cannot mount a cache below another mount",
    ]

    static let explanations: [Explanation] =
        [
            .init("add-archives", .changed, "/data/lib/sub*", "--chown is also for what an archive holds"),
            .init("apt-cache-mounts", .changed, "/etc/shadow", shadow),
            .init("apt-cache-mounts", .onlyOurs, "/var/cache/apt*", mountPoints),
            .init("apt-cache-mounts", .onlyOurs, "/var/lib/apt*", mountPoints),
            .init("apt-cache-mounts", .onlyOurs, "/var/log*", mountPoints),
            .init(
                "bind-mounts", .changed, "/unchanged",
                "what is written to a mount goes to the next step, and to the context"),
            .init("bind-mounts", .onlyOurs, "config.WorkingDir", workingDirectory),
            .init("c-apt-get", .changed, "/var/cache/apt/*.bin", "apt maps files that have their times"),
            .init("c-apt-get", .changed, "/var/log/*", "logs have the time"),
            .init(
                "copy-from-image", .changed, "/usr/local/etc*", "--chmod is also for the directories that COPY makes"),
            .init("cpp-static", .onlyOurs, "config.WorkingDir", workingDirectory),
            .init(
                "distroless", .onlyOurs, "config.ArgsEscaped", "it does not set it on images that begin with nothing"),
            .init("env-path", .order, "config.Env", order),
            .init("go-two-stage", .onlyOurs, "config.WorkingDir", workingDirectory),
            .init("python-cache-mount", .onlyTheirs, "/root/.cache", "directories made for a mount stay"),
            .init("python-venv", .changed, "/etc/shadow", shadow),
            .init("python-venv", .changed, "*.pyc", "byte code has the time of its source"),
            .init("python-venv", .order, "config.Env", order),
            .init("secret-mounts", .onlyTheirs, "/run/secrets", "directories made for a mount stay"),
            .init("shell-forms", .changed, "config.Entrypoint", "SHELL is for RUN alone"),
            .init("test-report", .onlyOurs, "config.WorkingDir", workingDirectory),
            .init("volumes-ports", .onlyOurs, "/data/late", "what is written below a volume is dropped"),
            .init("volumes-ports", .onlyTheirs, "/with space", "volumes are made as directories"),
            .init(
                "volumes-ports", .changed, "config.ExposedPorts", "ranges stay ranges, and protocols are not lowered"),
        ]

    private static let mountPoints = "directories of the image that a cache is mounted on are taken away afterwards"
    private static let order = "a variable that is set again goes to the end"
    private static let shadow = "RUN has no SOURCE_DATE_EPOCH, and useradd notes the day"
    private static let workingDirectory = "an image that begins with nothing has no working directory"

    /// Those that may come with any example, and all of them with the first.
    static let everywhere: [Explanation] =
        ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/run"].map {
            .init("alpine-style", .onlyTheirs, $0, "files made for RUN stay")
        } + [.init("alpine-style", .onlyTheirs, "config.Hostname", "the builder's own host name is kept")]
}
