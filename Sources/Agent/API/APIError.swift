import HTTPTypes
import Hummingbird

/// An answer that is no success: `{"error":{"code":"…","message":"…"}}`.
struct APIError: Error, HTTPResponseError {
    let status: HTTPResponse.Status
    let code: String
    let message: String

    static func notFound(_ message: String) -> APIError {
        APIError(status: .notFound, code: "not_found", message: message)
    }
    static func badRequest(_ message: String) -> APIError {
        APIError(status: .badRequest, code: "bad_request", message: message)
    }
    static func forbidden(_ message: String) -> APIError {
        APIError(status: .forbidden, code: "forbidden", message: message)
    }
    static func unprocessable(_ message: String) -> APIError {
        APIError(status: .unprocessableContent, code: "unprocessable", message: message)
    }

    private struct Body: Encodable {
        struct Content: Encodable {
            let code: String
            let message: String
        }

        let error: Content
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        try .json(Body(error: Body.Content(code: code, message: message)), status: status)
    }
}
