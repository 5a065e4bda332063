package import OCI

/// One step of a build, as it is told about: an instruction of a Dockerfile stage, a check's command, a push.
package struct StepRecord: Hashable, Sendable {
    package enum Status: String, Sendable {
        case running, succeeded, failed, cancelled
    }

    /// Unique within the run.
    package let id: String
    /// Such as `[build 2/4] RUN make`.
    package let name: String
    package var status: Status
    package var isCached: Bool
    package let startedAt: Timestamp
    package var duration: Duration?

    package init(
        id: String, name: String, status: Status = .running, isCached: Bool = false, startedAt: Timestamp,
        duration: Duration? = nil
    ) {
        self.id = id
        self.name = name
        self.status = status
        self.isCached = isCached
        self.startedAt = startedAt
        self.duration = duration
    }
}

/// What became of one check or image of the pipeline.
package struct TargetRecord: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case check, image
    }

    package enum Status: String, Sendable {
        case succeeded, failed
        /// Not begun, because something else failed.
        case skipped
    }

    package let kind: Kind
    /// As the pipeline calls it.
    package let name: String
    package var status: Status
    package var message: String?
    package var duration: Duration?
    /// Of an image that was built.
    package var image: ImageRecord?

    package init(
        kind: Kind, name: String, status: Status, message: String? = nil, duration: Duration? = nil,
        image: ImageRecord? = nil
    ) {
        self.kind = kind
        self.name = name
        self.status = status
        self.message = message
        self.duration = duration
        self.image = image
    }
}

package struct ImageRecord: Hashable, Sendable {
    /// Of the manifest or index.
    package let digest: Digest
    /// What a puller downloads: config and layers as pushed.
    package let size: Int64
    /// Where it was pushed; empty when it was built only.
    package var references: [ImageReference]

    package init(digest: Digest, size: Int64, references: [ImageReference] = []) {
        self.digest = digest
        self.size = size
        self.references = references
    }
}

/// A run with what its last attempt did.
package struct RunDetails: Hashable, Sendable {
    package let run: Run
    package let steps: [StepRecord]
    package let targets: [TargetRecord]
}

/// A line of a list of runs.
package struct RunSummary: Hashable, Sendable {
    package let run: Run
    /// Steps that ended well or badly in the last attempt.
    package let stepCount: Int
    package let cachedStepCount: Int
    package let targets: [TargetRecord]
}
