import Build
import Dockerfile
import Linux
import Synchronization

/// A build on the terminal of standard error, drawn again at most ten times a second. The build never waits for the
/// terminal, not even for one that is stopped with ctrl-S.
final class TerminalProgress: ProgressView {
    private let view: Mutex<BuildView>
    private let painter: TerminalPainter
    private let begin = ContinuousClock.now
    private let drawing = Mutex<Task<Void, Never>?>(nil)

    private static let interval: Duration = .milliseconds(100)

    init(source: SourceText?, inColor: Bool) {
        view = Mutex(BuildView(source: source))
        painter = TerminalPainter(TerminalScreen(inColor: inColor))
        drawing.withLock { $0 = Task { await draw() } }
    }

    private var age: Duration { ContinuousClock.now - begin }

    func report(_ event: BuildEvent) {
        let time = age
        view.withLock { $0.receive(event, at: time) }
    }

    func end(_ ending: BuildView.Ending, images: [BuiltImage]) async {
        let task = drawing.withLock { task in
            defer { task = nil }
            return task
        }
        guard let task else { return }
        task.cancel()
        await task.value
        let time = age
        view.withLock { $0.end(ending, images: images, at: time) }
        await painter.paint(isLast: true, scene)
    }

    private func draw() async {
        while (try? await Task.sleep(for: Self.interval)) != nil { await painter.paint(isLast: false, scene) }
    }

    /// What to show in a window of some size.
    private func scene(isLast: Bool, _ size: TerminalSize) -> (lines: [ScreenLine], frame: [ScreenLine]) {
        let time = age
        return view.withLock { view in
            let lines = view.takeLines(columns: size.columns - 1, at: time)
            return (lines, isLast ? [] : view.frame(at: time, size: size))
        }
    }
}

/// Writes frames on a thread of its own: a terminal may keep its writer waiting.
private actor TerminalPainter {
    private let thread = BlockingThread(label: "terminal")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private var screen: TerminalScreen

    /// For terminals that do not tell their size.
    private static let usual = TerminalSize(columns: 80, rows: 24)

    init(_ screen: TerminalScreen) { self.screen = screen }

    func paint(
        isLast: Bool, _ scene: @Sendable (Bool, TerminalSize) -> (lines: [ScreenLine], frame: [ScreenLine])
    ) {
        let size = TerminalSize.ofStandardError ?? Self.usual
        let (lines, frame) = scene(isLast, size)
        if let output = screen.show(frame, below: lines, size: size) { StandardError.write(output) }
    }
}
