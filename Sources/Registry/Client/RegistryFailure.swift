import HTTP
import OCI

/// The `errors` document of a refused request (distribution-spec 1.1, "Error Codes").
struct ErrorDocument: Sendable {
    struct Entry: Sendable {
        let code: String
        let message: String
    }

    let entries: [Entry]

    init(parsing bytes: [UInt8]) {
        let errors = (try? JSON(parsing: bytes))?["errors"]?.arrayValue ?? []
        entries = errors.prefix(8).map { error in
            Entry(code: error["code"]?.stringValue ?? "", message: error["message"]?.stringValue ?? "")
        }
    }

    /// The entries as one line of text, free of control characters and not too long.
    var text: String {
        entries.map { $0.message.isEmpty ? $0.code.lowercased() : "\($0.code.lowercased()): \($0.message)" }
            .map {
                String(
                    String.UnicodeScalarView(
                        $0.unicodeScalars.prefix(300).filter { $0.value >= 0x20 && $0.value != 0x7f }))
            }
            .joined(separator: "; ")
    }

    func contains(_ code: String) -> Bool { entries.contains { $0.code == code } }
}

extension RegistryError {
    /// A request without a response.
    init(_ error: HTTPError, _ call: RegistryClient.Call) {
        self.init(
            error.isTransient ? .unavailable : error.code == .tls ? .configuration : .invalidResponse,
            "cannot \(call.operation) `\(call.repository)`: \(error)"
                + (error.code == .tls ? Self.remedy(for: call) : ""))
    }

    private static func remedy(for call: RegistryClient.Call) -> String {
        "; give the registry's certificate authority in its configuration"
    }
}

extension RegistryClient {
    /// The error for a response that refuses what `call` asked for; reads the response's body.
    func refusal(_ response: HTTPResponse, _ call: Call, of object: String) async -> any Error {
        let body = try? await response.body.collect(upTo: 64 << 10)
        let document = ErrorDocument(parsing: body ?? [])
        let name = call.endpoint.name
        let said = document.entries.isEmpty ? "" : " (\(document.text))"
        let start = "cannot \(call.operation) `\(call.repository)`: registry `\(name)`"
        switch response.status {
        case 401:
            return RegistryError(
                .unauthorized,
                "\(start) wants other credentials\(said); log in with `caisson login \(name)` or check config.json")
        case 403:
            return RegistryError(
                .denied,
                "\(start) denies access\(said); check the rights of the user in config.json "
                    + "or of `caisson login \(name)`"
            )
        case 404 where document.contains("MANIFEST_BLOB_UNKNOWN") || document.contains("BLOB_UPLOAD_UNKNOWN"),
            400 where document.contains("MANIFEST_BLOB_UNKNOWN"):
            return RegistryError(.blobUnknown, "\(start) has lost a part of it\(said)")
        case 404: return OCIError(.notFound, "\(start) has no \(object)\(said)")
        case 429:
            let wait = response.headers["Retry-After"].flatMap { RetryAfter.delay($0, now: http.clock.now()) }
            let when = wait.map { "; try again in \($0.components.seconds) s" } ?? ""
            return RegistryError(
                .rateLimited, "\(start) limits requests\(said)\(when) or raise the limit with `caisson login \(name)`")
        case 500...: return RegistryError(.unavailable, "\(start) answers with status \(response.status)\(said)")
        default: return RegistryError(.refused, "\(start) refuses \(object) with status \(response.status)\(said)")
        }
    }
}
