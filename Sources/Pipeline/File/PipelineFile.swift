package import OCI

/// A pipeline: which refs of a repository are built, which Dockerfile targets must pass, which are pushed where.
package struct PipelineFile: Sendable, Hashable {
    package let name: PipelineName
    package let repository: RepositoryURL
    /// In the order of the file.
    package let triggers: [Trigger]
    package let build: BuildSettings
    package let checks: [Check]
    package let images: [Image]
    package let limits: Limits

    /// The triggers that `ref` sets off, in the order of the file.
    package func triggers(for ref: RefName) -> [Trigger] {
        triggers.filter { $0.matches(ref) }
    }

    package func trigger(named name: TriggerName) -> Trigger? {
        triggers.first { $0.name == name }
    }

    /// Prefixes of full ref names that cover all triggers, for asking a server.
    package var refPrefixes: [String] {
        Set(triggers.flatMap(\.refPrefixes)).sorted()
    }
}

/// A named reason to run.
package struct Trigger: Sendable, Hashable {
    package let name: TriggerName
    package let kind: RefName.Kind
    package let refs: PatternList
    /// When given, a commit counts only if a path matches that differs from the last commit built by this trigger.
    package let paths: PatternList?

    package func matches(_ ref: RefName) -> Bool {
        ref.kind == kind && refs.matches(ref.name)
    }

    /// All tags are asked for, whatever the patterns: a tag counts as new only when all earlier ones were seen.
    package var refPrefixes: [String] {
        kind == .tag ? [kind.prefix] : refs.literalPrefixes.map { kind.prefix + $0 }
    }
}

package enum NetworkMode: String, CaseIterable, Sendable {
    case `default`, none
}

package struct BuildSettings: Sendable, Hashable {
    package struct Argument: Sendable, Hashable {
        package let name: String
        package let value: Template
    }

    package enum Epoch: Sendable, Hashable {
        /// The committer time of the commit built.
        case commit
        /// Seconds since 1970.
        case fixed(Int64)
    }

    package var dockerfile = "Dockerfile"
    package var context = "."
    package var arguments: [Argument] = []
    package var network = NetworkMode.default
    package var epoch = Epoch.commit
}

/// A target that must build; with `command`, the built image is then run once and must exit with 0. Never pushed.
package struct Check: Sendable, Hashable {
    package let name: String
    package let target: String
    package let command: [String]?
    package let timeLimit: Duration?
}

/// A target that is pushed to `repository` under the tags of the trigger.
package struct Image: Sendable, Hashable {
    package struct Tags: Sendable, Hashable {
        package let trigger: TriggerName
        package let templates: [Template]
    }

    package let name: String
    /// The Dockerfile stage; nil: the last.
    package let target: String?
    package let repository: RepositoryName
    package let tags: [Tags]
}

/// Bounds of a run; what is nil is for agent.conf to say.
package struct Limits: Sendable, Hashable {
    package var time: Duration?
    package var memory: ByteCount?
    package var cpus: Double?
    package var processes: Int?

    package init(time: Duration? = nil, memory: ByteCount? = nil, cpus: Double? = nil, processes: Int? = nil) {
        self.time = time
        self.memory = memory
        self.cpus = cpus
        self.processes = processes
    }
}
