import HTTP
import OCI

/// Docker's `config.json` or podman's `auth.json`: `auths`, `credHelpers`, `credsStore`.
///
/// Keys of `auths` are hosts, podman's also `host/namespace/repository`, Docker's old ones URLs such as
/// `https://index.docker.io/v1/`.
struct CredentialFile: Sendable {
    private let document: JSON

    init(parsing bytes: [UInt8]) throws(OCIError) {
        document = try JSON(parsing: bytes)
        guard document.objectValue != nil else { throw OCIError(.invalidDocument, "document is not an object") }
    }

    /// The helper program that keeps the credentials of `registry`: the part of its name after `docker-credential-`.
    func helper(for registry: String) -> String? {
        for key in Self.names(of: registry) {
            if let helper = document["credHelpers"]?[key]?.stringValue { return helper }
        }
        return document["credsStore"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The entry of the longest key that is `registry/path` or a whole-component prefix of it.
    func credential(for registry: String, path: String) throws(RegistryError) -> Credential? {
        guard let entries = document["auths"]?.objectValue?.members else { return nil }
        var wanted: [String] = []
        var rest = path.split(separator: "/").map(String.init)
        while !rest.isEmpty {
            wanted.append(([registry] + rest).joined(separator: "/"))
            rest.removeLast()
        }
        wanted += Self.names(of: registry)
        for name in wanted {
            for entry in entries where Self.normalise(entry.name) == Self.normalise(name) {
                if let credential = try Self.credential(entry.value, of: entry.name) { return credential }
            }
        }
        return nil
    }

    private static func names(of registry: String) -> [String] {
        registry == DockerHub.name ? [DockerHub.credentialKey, "index.docker.io", registry] : [registry]
    }

    /// Without scheme, final slash and API version: `https://host/v1/` is `host`.
    private static func normalise(_ key: String) -> String {
        var key = Substring(key)
        for scheme in ["https://", "http://"] where key.hasPrefix(scheme) { key = key.dropFirst(scheme.count) }
        while key.hasSuffix("/") { key = key.dropLast() }
        for version in ["/v1", "/v2"] where key.hasSuffix(version) { key = key.dropLast(version.count) }
        return String(key)
    }

    private static func credential(_ entry: JSON, of name: String) throws(RegistryError) -> Credential? {
        func text(_ member: String) -> String? { entry[member]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }
        if let token = text("identitytoken") { return .identityToken(Secret(token)) }
        if let token = text("registrytoken") { return .registryToken(Secret(token)) }
        if let encoded = text("auth") {
            guard let decoded = Base64.decode(encoded), let colon = decoded.firstIndex(of: ":") else {
                throw RegistryError(
                    .configuration, "entry `\(name)` has an `auth` that is not base 64 of user:password")
            }
            return Credential(
                user: String(decoded[..<colon]), password: String(decoded[decoded.index(after: colon)...]))
        }
        if let user = text("username"), let password = text("password") {
            return Credential(user: user, password: password)
        }
        return nil
    }
}

extension Credential {
    /// Docker writes an identity token as the password of the user `<token>`.
    init(user: String, password: String) {
        let password = Secret(String(password.prefix { $0 != "\0" }))
        self = user == "<token>" ? .identityToken(password) : .basic(user: user, password: password)
    }
}
