/// What a Dockerfile may ask for and does not get unless whoever builds it agrees (`--allow`).
package enum Entitlement: Hashable, Sendable {
    /// The network of the host.
    case hostNetwork
    /// A sandbox without its second wall; `SandboxSpec.Security.insecure` says what that is.
    case insecureSecurity
    /// A device of the host by its name `vendor/class=name`, all of a kind `vendor/class`, or any.
    case device(String?)

    /// Those that stand for themselves.
    package static let named: [Entitlement] = [.hostNetwork, .insecureSecurity, .device(nil)]

    package init?(_ text: String) {
        if let entitlement = Self.named.first(where: { $0.name == text }) {
            self = entitlement
        } else if text.hasPrefix("device="), text.utf8.count > "device=".utf8.count {
            self = .device(String(text.dropFirst("device=".count)))
        } else {
            return nil
        }
    }

    package var name: String {
        switch self {
        case .hostNetwork: "network.host"
        case .insecureSecurity: "security.insecure"
        case .device(nil): "device"
        case .device(let name?): "device=\(name)"
        }
    }

    var remedy: String { "if you trust it with that, allow it with --allow \(name)" }
}
