internal import CCurl
internal import Linux
import Synchronization

/// Drives all transfers of a client by one libcurl multi handle on one thread.
///
/// The loop runs while there are transfers; the connections it keeps alive outlast it.
actor TransferLoop {
    enum Command: Sendable {
        case start(HTTPTransfer)
        case resume(HTTPTransfer)
        case cancel(HTTPTransfer)
    }

    private struct Mailbox {
        var commands: [Command] = []
        var isRunning = false
    }

    private nonisolated let thread = BlockingThread(label: "http")
    private nonisolated let mailbox = Mutex(Mailbox())
    private nonisolated let multi = MultiHandle()
    private var active: [UnsafeMutableRawPointer: EasyHandle] = [:]

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    nonisolated func submit(_ command: Command) {
        if case .cancel(let transfer) = command, transfer.isFinished { return }
        let mustStart = mailbox.withLock { mailbox in
            mailbox.commands.append(command)
            defer { mailbox.isRunning = true }
            return !mailbox.isRunning
        }
        if mustStart { Task { await run() } } else { multi.wakeUp() }
    }

    private func run() {
        caisson_curl_block_broken_pipe()
        while let commands = takeCommands() {
            for command in commands { execute(command) }
            multi.perform()
            while let (easy, code) = multi.nextFinished() { end(easy) { $0.error(for: code) } }
            for handle in active.values { handle.transfer.deliver { handle.peer } }
            if !active.isEmpty { multi.poll() }
        }
    }

    /// nil when there is nothing left to do, after which the next command starts the loop again.
    private func takeCommands() -> [Command]? {
        let isIdle = active.isEmpty
        return mailbox.withLock { mailbox in
            if isIdle, mailbox.commands.isEmpty {
                mailbox.isRunning = false
                return nil
            }
            defer { mailbox.commands = [] }
            return mailbox.commands
        }
    }

    private func execute(_ command: Command) {
        switch command {
        case .start(let transfer):
            do {
                let handle = try EasyHandle(transfer)
                try multi.add(handle)
                active[handle.curl] = handle
            } catch { transfer.finish(error) }
        case .resume(let transfer): handle(of: transfer)?.resume()
        case .cancel(let transfer):
            if let handle = handle(of: transfer) {
                end(handle.curl) { _ in CancellationError() }
            } else {
                transfer.finish(CancellationError())
            }
        }
    }

    private func handle(of transfer: HTTPTransfer) -> EasyHandle? { active.values.first { $0.transfer === transfer } }

    private func end(_ easy: UnsafeMutableRawPointer, _ error: (EasyHandle) -> (any Error)?) {
        guard let handle = active.removeValue(forKey: easy) else { return }
        multi.remove(handle)
        handle.transfer.deliver { handle.peer }
        handle.transfer.finish(error(handle))
    }
}

/// A libcurl multi handle. Everything but `wakeUp` happens on the transfer thread.
private final class MultiHandle: @unchecked Sendable {
    // Sendable: libcurl allows curl_multi_wakeup from any thread; the loop's executor is the only other caller.
    private let multi: UnsafeMutableRawPointer

    init() {
        EasyHandle.initialise()
        guard let multi = curl_multi_init() else { fatalError("libcurl cannot be initialised") }
        self.multi = multi
    }

    deinit { curl_multi_cleanup(multi) }

    func add(_ handle: EasyHandle) throws {
        let status = curl_multi_add_handle(multi, handle.curl)
        guard status == CURLM_OK else {
            throw HTTPError(
                .invalidRequest, "libcurl refuses a transfer: \(String(cString: curl_multi_strerror(status)))")
        }
    }

    func remove(_ handle: EasyHandle) { curl_multi_remove_handle(multi, handle.curl) }

    func perform() {
        var running: CInt = 0
        curl_multi_perform(multi, &running)
    }

    func nextFinished() -> (UnsafeMutableRawPointer, CURLcode)? {
        var easy: UnsafeMutableRawPointer?
        var code = CURLE_OK
        guard caisson_curl_next_finished(multi, &easy, &code), let easy else { return nil }
        return (easy, code)
    }

    /// Waits until a socket is ready, a timer of libcurl's runs out or `wakeUp` is called.
    func poll() { curl_multi_poll(multi, nil, 0, 10_000, nil) }

    func wakeUp() { curl_multi_wakeup(multi) }
}
