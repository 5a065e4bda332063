import Build
import Dockerfile
import Linux
import OCI
import Testing
import caisson

/// What people see, frame by frame.
struct BuildViewTests {
    static let size = TerminalSize(columns: 72, rows: 24)

    @Test func runningStepsHaveALineEach() {
        var view = BuildView(source: nil)
        let steps = Example.steps("build", 4) + Example.steps("docs", 2)
        view.receive(.planned(steps), at: .zero)
        view.receive(.stepStarted(steps[0]), at: .milliseconds(100))
        view.finished(steps[0], isCached: true, at: .milliseconds(100))
        view.receive(.stepStarted(steps[1]), at: .milliseconds(200))
        view.receive(.stepStarted(steps[4]), at: .seconds(2))
        view.printed(steps[1], "one\n[ 12%] Building C object src/parser.c.o\n\n  \n", at: .seconds(2))
        view.printed(steps[4], "INFO  Building documentation to directory: /site/with/a/long/name", at: .seconds(2))
        let frame = view.frame(at: .milliseconds(12_340), size: Self.size).map(\.text)
        #expect(
            frame
                == [
                    "Building 1 of 6 steps, 1 cached, 2 running                        12.3s",
                    " [build 2/4] RUN command 2  [ 12%] Building C object src/parser.… 12.1s",
                    " [docs 1/2] RUN command 1   INFO  Building documentation to dire… 10.3s",
                ])
    }

    @Test func finishedStepsAreALineThatStays() {
        var view = BuildView(source: nil)
        let steps = Example.steps("build", 3)
        view.receive(.planned(steps), at: .zero)
        for step in steps { view.receive(.stepStarted(step), at: .zero) }
        view.finished(steps[0], isCached: true, at: .seconds(1))
        view.finished(steps[1], at: .seconds(62))
        // An archive without entries is nothing.
        view.finished(steps[2], size: 1024, at: .seconds(62))
        view.finished(steps[2], size: 3 << 20, at: .seconds(62))
        let lines = view.takeLines(columns: 50, at: .seconds(62)).map(\.text)
        #expect(
            lines
                == [
                    " cached  [build 1/3] RUN command 1", " done    [build 2/3] RUN command 2           1m02s",
                    " done    [build 3/3] RUN command 3           1m02s",
                    " done    [build 3/3] RUN command 3   3.0 MiB  0.0s",
                ])
        #expect(view.takeLines(columns: 50, at: .seconds(62)).isEmpty)
    }

    @Test func manyCachedStepsShareALine() {
        var view = BuildView(source: nil)
        let steps = Example.steps("build", 9) + Example.steps("0", 5)
        for step in steps where step.number != 12 {
            view.receive(.stepStarted(step), at: .zero)
            view.finished(step, isCached: true, at: .zero)
        }
        #expect(view.takeLines(columns: 60, at: .milliseconds(100)).isEmpty, "others may follow")
        let lines = view.takeLines(columns: 60, at: .seconds(1)).map(\.text)
        #expect(lines == [" cached  13 steps: build 1-9/9, stage-0 1-2,4-5/5"])
    }

    @Test func failedStepShowsItsOutputAndOthersThatTheyWereStopped() {
        var view = BuildView(source: nil)
        let steps = Example.steps("build", 2) + Example.steps("docs", 1)
        view.receive(.planned(steps), at: .zero)
        view.receive(.stepStarted(steps[0]), at: .zero)
        view.receive(.stepStarted(steps[2]), at: .zero)
        view.printed(steps[0], "cc main.c\n\u{1B}[1mmain.c:1:\u{1B}[0m error\nno newline", at: .seconds(1))
        view.receive(.stepFailed(steps[0], message: "exit code 2"), at: .seconds(3))
        view.end(.failed, images: [], at: .seconds(4))
        #expect(
            view.takeLines(columns: 60, at: .seconds(4)).map(\.text) == [
                " FAILED  [build 1/2] RUN command 1                      3.0s", "   cc main.c", "   main.c:1: error",
                "   no newline", "   exit code 2", " stopped [docs 1/1] RUN command 1                       4.0s",
                "Failed after 4.0s: 0 steps run, 0 cached, 1 failed, 1 stopped",
            ])
        #expect(view.frame(at: .seconds(4), size: Self.size).count == 1)
    }

    @Test func longOutputOfAFailedStepSaysWhatIsMissing() throws {
        var view = BuildView(source: nil)
        let step = Example.steps("build", 1)[0]
        view.receive(.stepStarted(step), at: .zero)
        for number in 0..<100_000 { view.printed(step, "line \(number)\n", at: .zero) }
        view.receive(.stepFailed(step, message: "exit code 2"), at: .zero)
        let lines = view.takeLines(columns: 70, at: .zero).map(\.text)
        #expect(lines[1] == "   (the last 64.0 KiB of 1.0 MiB; --progress plain shows everything)")
        let first = try #require(lines[2].split(separator: " ").last.flatMap { Int($0) })
        #expect(lines[2...].dropLast().elementsEqual((first..<100_000).map { "   line \($0)" }))
    }

    @Test func transfersShowSizesAndRates() {
        var view = BuildView(source: nil)
        view.receive(.transfer(Transfer(.pull, name: "debian:12", completed: 0, total: 48 << 20)), at: .zero)
        view.receive(.transfer(Transfer(.push, name: "app:1", completed: 5, total: nil)), at: .zero)
        view.receive(
            .transfer(Transfer(.pull, name: "debian:12", completed: 12 << 20, total: 48 << 20)), at: .seconds(4))
        #expect(
            view.frame(at: .seconds(4), size: Self.size).map(\.text) == [
                " pull debian:12  12.0 MiB of 48.0 MiB, 3.0 MiB/s                   4.0s",
                " push app:1  5 B                                                   4.0s",
            ])
        view.receive(
            .transfer(Transfer(.pull, name: "debian:12", completed: 48 << 20, total: 48 << 20, isFinished: true)),
            at: .seconds(9))
        view.end(.succeeded, images: [], at: .seconds(9))
        #expect(
            view.takeLines(columns: 40, at: .seconds(9)).map(\.text)
                == [" pulled  debian:12  48.0 MiB        9.0s"])
    }

    @Test func successEndsWithCountsTimeDigestAndSize() {
        var view = BuildView(source: nil)
        let steps = Example.steps("build", 2)
        view.receive(.planned(steps), at: .zero)
        for step in steps { view.receive(.stepStarted(step), at: .zero) }
        view.finished(steps[0], isCached: true, at: .zero)
        view.finished(steps[1], at: .zero)
        _ = view.takeLines(columns: 80, at: .seconds(1))
        let image = Example.image("build", size: 1 << 20)
        view.end(.succeeded, images: [image], at: .seconds(1))
        var narrow = view
        #expect(
            view.takeLines(columns: 100, at: .seconds(1)).map(\.text)
                == ["Built in 1.0s: 1 step run, 1 cached", " build  \(image.digest)  1.0 MiB"])
        #expect(
            narrow.takeLines(columns: 80, at: .seconds(1)).last?.text
                == " build  sha256:\(image.digest.short)  1.0 MiB")
    }

    @Test(arguments: [1, 2, 3, 5, 10, 24, 60], [1, 2, 3, 10, 40, 80, 300])
    func frameFitsIntoAnyWindow(_ rows: Int, _ columns: Int) {
        var view = BuildView(source: nil)
        let steps = Example.steps("漢字漢字", 20)
        view.receive(.planned(steps), at: .zero)
        for step in steps {
            view.receive(.stepStarted(step), at: .zero)
            view.printed(step, "\u{1B}[31m進捗\t👩‍🚀 e\u{301} \u{202E}\(step.number)%\r", at: .zero)
        }
        for number in 0..<5 {
            view.receive(.transfer(Transfer(.pull, name: "image\(number)", completed: 1, total: 9)), at: .zero)
        }
        let frame = view.frame(at: .seconds(9), size: TerminalSize(columns: columns, rows: rows))
        #expect(frame.count < rows || frame.isEmpty)
        for line in frame { #expect(line.width < columns) }
        if rows == 10, columns >= 40 { #expect(frame.last?.text == " + 18 more running") }
        if rows == 60, columns > 1 { #expect(frame.count == 26) }
    }
}
