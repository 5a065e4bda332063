/// What a scripted server does with one request.
package struct Script: Sendable {
    package enum Step: Sendable {
        case send([UInt8])
        case pause(Duration)
        /// Tells the test that what comes before has been taken from the server.
        case call(@Sendable () -> Void)
        /// The same bytes again and again until the client goes or so many were sent.
        case sendUntilClosed([UInt8], most: Int)
        /// Silence until the client goes.
        case waitForClose
        case reset
    }

    package var steps: [Step]
    package var keepsConnection: Bool

    package init(_ steps: [Step], keepsConnection: Bool = false) {
        self.steps = steps
        self.keepsConnection = keepsConnection
    }

    /// A well-formed answer.
    package static func answer(
        _ status: Int, _ headers: [(String, String)] = [], body: [UInt8] = []
    ) -> Script {
        Script(
            [.send(head(status, headers + [("Content-Length", "\(body.count)")])), .send(body)], keepsConnection: true)
    }

    package static func answer(_ status: Int, _ headers: [(String, String)] = [], text: String) -> Script {
        answer(status, headers, body: Array(text.utf8))
    }

    package static func redirect(_ status: Int, to location: String) -> Script {
        answer(status, [("Location", location)])
    }

    /// To a HEAD request: the length without the body.
    package static func headOnly(_ status: Int, _ headers: [(String, String)]) -> Script {
        Script([.send(head(status, headers))], keepsConnection: true)
    }

    /// Announces all of `body`, sends `count` bytes of it and ends the connection.
    package static func truncated(
        _ body: [UInt8], after count: Int, status: Int = 200, headers: [(String, String)] = [], reset: Bool = false
    ) -> Script {
        let start: [Step] = [
            .send(head(status, headers + [("Content-Length", "\(body.count)")])), .send(Array(body.prefix(count))),
        ]
        // A reset overtakes bytes that the client has not read yet.
        return Script(start + (reset ? [.pause(.milliseconds(100)), .reset] : []))
    }

    package static func head(_ status: Int, _ headers: [(String, String)]) -> [UInt8] {
        var text = "HTTP/1.1 \(status) Status\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return Array((text + "\r\n").utf8)
    }
}
