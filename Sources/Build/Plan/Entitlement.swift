/// What a Dockerfile may ask for and does not get unless whoever builds it agrees (`--allow`).
package enum Entitlement: String, Hashable, Sendable, CaseIterable {
    /// The network of the host.
    case hostNetwork = "network.host"
    /// A sandbox without its second wall; `SandboxSpec.Security.insecure` says what that is.
    case insecureSecurity = "security.insecure"

    var remedy: String { "if you trust it with that, allow it with --allow \(rawValue)" }
}
