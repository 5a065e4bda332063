import HTTPTypes
import Hummingbird

/// Keeps web pages out that a browser on this machine has open.
///
/// On loopback, the `Host` must be a name of loopback: another host name that resolves to 127.0.0.1 would make a foreign
/// page "same origin" (DNS rebinding). What changes something is for local peers only, not for those behind a proxy,
/// and needs a header and a content type that no page can send across origins without asking first.
struct RequestGuard: RouterMiddleware {
    typealias Context = AgentRequestContext

    /// Only requests that name loopback are answered.
    let isLoopbackOnly: Bool

    @concurrent func handle(
        _ request: Request, context: AgentRequestContext,
        next: @concurrent (Request, AgentRequestContext) async throws -> Response
    ) async throws -> Response {
        if isLoopbackOnly, let authority = request.head.authority, !Self.isLoopback(authority) {
            throw APIError.forbidden("this agent does not answer for host `\(authority)`")
        }
        if request.method != .get, request.method != .head { try checkChange(request, context) }
        var response = try await next(request, context)
        response.headers[.xContentTypeOptions] = "nosniff"
        return response
    }

    private func checkChange(_ request: Request, _ context: AgentRequestContext) throws {
        let isForwarded = request.headers.contains { field in
            let name = field.name.canonicalName
            return name == "forwarded" || name == "via" || name.hasPrefix("x-forwarded-")
        }
        guard context.peer == .local, !isForwarded else {
            throw APIError.forbidden("runs are started from the agent's own machine only")
        }
        guard request.headers[.caissonRequest] != nil, request.headers[.origin] == nil else {
            throw APIError.forbidden("the header `Caisson-Request` is missing, or the request comes from a web page")
        }
        let type = request.headers[.contentType]?.prefix { $0 != ";" } ?? ""
        guard type.lowercased() == "application/json" else {
            throw APIError(
                status: .unsupportedMediaType, code: "unsupported_media_type",
                message: "the content type must be application/json")
        }
    }

    private static func isLoopback(_ authority: String) -> Bool {
        let host =
            authority.hasPrefix("[")
            ? String(authority.prefix { $0 != "]" }.dropFirst())
            : String(authority.prefix { $0 != ":" })
        return ListenAddress(host: host, port: 0).isLoopback
    }
}

extension HTTPField.Name {
    fileprivate static var caissonRequest: HTTPField.Name { HTTPField.Name("Caisson-Request") ?? .accept }
}
