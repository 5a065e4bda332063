import ArgumentParser
import Build

/// What a Dockerfile may ask for that reaches beyond its sandbox.
struct EntitlementOptions: ParsableArguments {
    @Option(name: .customLong("allow"), help: "Something that RUN may ask for and does not get otherwise.")
    var allow: [Entitlement] = []
}

extension Entitlement: ExpressibleByArgument {}
