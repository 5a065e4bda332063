package import Dockerfile
package import OCI

/// What happens during a build, in order, for whoever shows or keeps it.
package enum BuildEvent: Sendable {
    /// All steps that may run, before the first starts.
    case planned([Step])
    case stepStarted(Step)
    /// Bytes the command wrote, as it wrote them.
    case stepOutput(Step, OutputChannel, [UInt8])
    case stepFinished(Step, StepOutcome)
    case stepFailed(Step, message: String)
    case warning(Diagnostic)
    /// Something that is no step and takes time: a layer on its way, an image on its way out.
    case transfer(Transfer)
}

extension BuildEvent {
    /// The same event of the step that shares the work.
    func of(_ step: Step?) -> BuildEvent {
        guard let step, case .stepOutput(_, let channel, let bytes) = self else { return self }
        return .stepOutput(step, channel, bytes)
    }
}

package enum OutputChannel: String, Hashable, Sendable {
    case standardOutput = "stdout"
    case standardError = "stderr"
}

package struct StepOutcome: Sendable {
    package let isCached: Bool
    /// Why it ran, or where the result came from.
    package let reason: String
    /// The layer the step made.
    package let layer: DiffID?
    /// Bytes of the layer, uncompressed; nil for one that is not here.
    package let size: Int64?
    package let duration: Duration

    package init(isCached: Bool, reason: String, layer: DiffID?, size: Int64?, duration: Duration) {
        self.isCached = isCached
        self.reason = reason
        self.layer = layer
        self.size = size
        self.duration = duration
    }
}

/// Progress of a layer or image between this host and another place.
package struct Transfer: Sendable {
    package enum Phase: String, Sendable {
        case pull
        case push
        case compress
        case export
    }

    package let phase: Phase
    /// What people call it: a reference or a short digest.
    package let name: String
    package let completed: Int64
    /// nil until it is known.
    package let total: Int64?
    package let isFinished: Bool

    package init(_ phase: Phase, name: String, completed: Int64, total: Int64?, isFinished: Bool = false) {
        self.phase = phase
        self.name = name
        self.completed = completed
        self.total = total
        self.isFinished = isFinished
    }
}

/// Takes events; called from any thread, never concurrently for one build.
package typealias EventSink = @Sendable (BuildEvent) -> Void
