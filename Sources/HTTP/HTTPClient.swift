import Synchronization

/// Sends requests over kept-alive connections. One client per process is enough; with the first request it costs a
/// thread and the loading of libcurl.
package final class HTTPClient: Sendable {
    private let started = Mutex<TransferLoop?>(nil)
    private let userAgent: String
    private let proxies: HTTPProxies
    package let clock: RetryClock

    /// `proxies` are for requests that name none.
    package init(userAgent: String = "caisson", proxies: HTTPProxies = HTTPProxies(), clock: RetryClock = .system) {
        self.userAgent = userAgent
        self.proxies = proxies
        self.clock = clock
    }

    /// Returns the head of the response as soon as it is there. Redirects and failures are followed and retried as the
    /// request says; any status the server settles on is a response. Throws `HTTPError`, or `CancellationError`.
    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var attempt = 1
        while true {
            let isLast = attempt >= request.retry.attempts || !request.body.isReplayable
            do {
                let response = try await follow(request)
                guard !isLast, RetryPolicy.isTransient(status: response.status) else { return response }
                var delay = request.retry.delay(afterAttempt: attempt, random: clock.random())
                if let wanted = response.headers["Retry-After"].flatMap({ RetryAfter.delay($0, now: clock.now()) }) {
                    guard wanted <= request.retry.longestRetryAfter else { return response }
                    delay = max(wanted, delay)
                }
                try await clock.sleep(delay)
            } catch let error as HTTPError where error.isTransient && !isLast {
                try await clock.sleep(request.retry.delay(afterAttempt: attempt, random: clock.random()))
            }
            attempt += 1
        }
    }

    private func follow(_ request: HTTPRequest) async throws -> HTTPResponse {
        var request = request
        var followed = 0
        while true {
            let response = try await exchange(request)
            guard case .follow(let limit) = request.redirects,
                let next = try request.redirected(by: response)
            else { return response }
            followed += 1
            guard followed <= limit else {
                throw HTTPError(.redirect, "`\(request.url.origin)` redirects more than \(limit) times")
            }
            request = next
        }
    }

    private var loop: TransferLoop {
        started.withLock { loop in
            if let loop { return loop }
            let new = TransferLoop()
            loop = new
            return new
        }
    }

    /// One request, one response.
    private func exchange(_ request: HTTPRequest) async throws -> HTTPResponse {
        try Task.checkCancellation()
        var request = request
        if request.headers["User-Agent"] == nil { request.headers["User-Agent"] = userAgent }
        request.transport.proxy = proxy(for: request)
        let transfer = try HTTPTransfer(request)
        let loop = loop
        let lease = TransferLease(transfer, on: loop)
        loop.submit(.start(transfer))
        var producer: Task<Void, Never>?
        if case .stream(_, let next) = request.body { producer = produce(next, into: transfer) }
        let head = try await withTaskCancellationHandler {
            do { return try await transfer.waitForHead() } catch {
                producer?.cancel()
                throw error
            }
        } onCancel: {
            loop.submit(.cancel(transfer))
        }
        return HTTPResponse(
            status: head.status, headers: head.headers, url: request.url,
            isLocal: transfer.request.transport.proxy == nil && isLocalAddress(transfer.peer ?? ""),
            body: HTTPBody(lease))
    }

    /// An address that may have to be refused is connected to directly, where it is seen. Where a name leads is for the
    /// proxy to find out, and to limit.
    private func proxy(for request: HTTPRequest) -> String? {
        if let proxy = request.transport.proxy { return proxy }
        if request.transport.unixSocket != nil || request.refusesLocalAddresses && request.url.hostIsAddress {
            return nil
        }
        return proxies.proxy(for: request.url)
    }

    /// Feeds a streamed body; ends with the transfer, which refuses chunks once it is over.
    private func produce(_ next: @escaping @Sendable () async throws -> [UInt8]?, into transfer: HTTPTransfer) -> Task<
        Void, Never
    > {
        Task { [loop] in
            do {
                while true {
                    let chunk = try await next()
                    if chunk?.isEmpty == true { continue }
                    if try await transfer.offer(chunk) { loop.submit(.resume(transfer)) }
                    if chunk == nil { return }
                }
            } catch {
                transfer.abort(error)
                loop.submit(.cancel(transfer))
            }
        }
    }
}
