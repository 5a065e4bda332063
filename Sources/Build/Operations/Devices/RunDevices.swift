package import Sandbox

/// The devices of a RUN.
package struct RunDevices: Hashable, Sendable {
    /// As the Dockerfile names them: part of the step's key, unlike what they are on this host.
    package var names: [String] = []
    package var edits = DeviceEdits()

    package init() {}
}
