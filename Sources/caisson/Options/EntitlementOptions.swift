import ArgumentParser
import Build
import Linux
import Sandbox
import SystemPackage

/// What a Dockerfile may ask for that reaches beyond its sandbox.
struct EntitlementOptions: ParsableArguments {
    @Option(
        name: .customLong("allow"),
        help: ArgumentHelp(
            "Something that RUN may ask for and does not get otherwise.",
            valueName: "network.host|security.insecure|device[=vendor/class[=name]]"))
    var allow: [Entitlement] = []
    @OptionGroup var devices: DeviceOptions

    func apply(to request: inout BuildRequest) {
        request.entitlements = Set(allow)
        request.devices = devices.registry
    }
}

/// Where this host's devices are described.
struct DeviceOptions: ParsableArguments {
    @Option(
        name: .customLong("cdi-spec-dir"),
        help: ArgumentHelp(
            "Specifications of devices for RUN --device. Default: /etc/cdi and /var/run/cdi.", valueName: "directory"))
    var directories: [String] = []

    var registry: DeviceRegistry {
        directories.isEmpty
            ? DeviceRegistry() : DeviceRegistry(directories: directories.map { FilePath($0).absolute() })
    }
}

extension Entitlement: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }

    public static var allValueStrings: [String] { named.map(\.name) }
}
