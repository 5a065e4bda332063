import Build
import Dockerfile
import Engine
import Foundation
import Linux
import OCI
import Synchronization
import SystemPackage
import Testing

/// Contexts that somebody writes to meanwhile.
@Suite(.timeLimit(.minutes(3)))
struct ContextChangeTests {
    private func context(_ shop: Workshop, ignore: String = "") throws -> DirectoryContext {
        try DirectoryContext(shop.path.appending("context"), ignore: IgnoreFile(ignore))
    }

    /// Rule 98 of the reference.
    @Test func aDirectoryThatBecomesAFileIsCopiedAsOneAndBack() async throws {
        let shop = try await Workshop(hasBase: false)
        for (name, expected) in [("x/f", "x/f"), ("x", "x"), ("x/g", "x/g")] {
            try? FileManager.default.removeItem(atPath: shop.path.appending("context/x").string)
            try shop.write(name, "1")
            let image = try await shop.build("FROM scratch\nCOPY . /")
            #expect(try await shop.tree(of: image)[expected] == "file 644 0:0 \"1\"")
        }
    }

    /// Rule 99 of the reference.
    @Test(arguments: ["d/new", "new"])
    func aFileThatComesBetweenTheWalkAndTheReadingFailsTheBuild(_ name: String) async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write("d/f", "f")
        try shop.write("g", "g")
        let context = try context(shop)
        _ = try await context.tree()
        try shop.write(name, "n")
        let error = await #expect(throws: (any Error).self) {
            try await shop.engine.build(BuildRequest("FROM scratch\nCOPY . /", context: context)) { _ in }
        }
        #expect("\(error!)".contains("changed while it was being read"), "\(error!)")
    }

    @Test func whatTheBuildDoesNotLookAtMayChange() async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write("src/f", "f")
        try shop.write("logs/x", "x")
        let context = try context(shop, ignore: "logs")
        _ = try await context.tree()
        try shop.write("logs/y", "y")
        try shop.write("beside", "b")
        let image = try #require(
            try await shop.engine.build(BuildRequest("FROM scratch\nCOPY src /", context: context)) { _ in }.last)
        #expect(try await shop.tree(of: image) == ["f": "file 644 0:0 \"f\""])
    }

    @Test func aPipeInTheFilesPlaceIsNotWaitedFor() async throws {
        let shop = try await Workshop(hasBase: false)
        try shop.write("f", "f")
        let context = try context(shop)
        _ = try await context.tree()
        let path = shop.path.appending("context/f").string
        try FileManager.default.removeItem(atPath: path)
        try #require(mkfifo(path, 0o644) == 0)
        let error = await #expect(throws: (any Error).self) { try await context.digests(of: [0]) }
        #expect("\(error!)".contains("changed while it was being read"), "\(error!)")
    }

    /// A program that has a file of a tmpfs mapped changes its bytes and not its times.
    @Test(.enabled(if: (try? FileSystem(of: "/dev/shm").name) == "tmpfs", "needs a tmpfs at /dev/shm"))
    func aFileThatOnlyItsBytesShowToHaveChangedFailsTheBuild() async throws {
        let shop = try await Workshop(hasBase: false)
        let directory = FilePath("/dev/shm/caisson-build-\(UUID())")
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory.string) }
        let file = open(directory.appending("f").string, O_RDWR | O_CREAT, 0o644)
        try #require(file >= 0 && ftruncate(file, 4096) == 0)
        defer { close(file) }
        let mapping = try #require(mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0))
        try #require(mapping != MAP_FAILED)
        defer { munmap(mapping, 4096) }
        // The first store gets the file its memory, which shows.
        mapping.storeBytes(of: 0, as: UInt8.self)
        let context = try DirectoryContext(directory, ignore: IgnoreFile(""))
        _ = try await context.tree()
        _ = try await context.digests(of: [0])
        let request = BuildRequest("FROM scratch\nCOPY . /", context: context)
        mapping.storeBytes(of: UInt8(ascii: "b"), as: UInt8.self)
        let error = await #expect(throws: (any Error).self) { try await shop.engine.build(request) { _ in } }
        #expect("\(error!)".contains("`f` changed while it was being read"), "\(error!)")
        mapping.storeBytes(of: 0, as: UInt8.self)
        let image = try #require(try await shop.engine.build(request) { _ in }.last)
        #expect(try await shop.tree(of: image).keys.sorted() == ["f"])
    }

    /// A writer moves a file to and fro between two directories, or replaces one, all the time: no image has the moved
    /// file twice or not at all, or a file that is neither the one nor the other.
    @Test(arguments: Writer.Habit.allCases)
    func noImageMixesStates(_ habit: Writer.Habit) async throws {
        let shop = try await Workshop(hasBase: false)
        let texts = ["a", "b"].map { String(repeating: $0, count: 50_000) }
        for index in 0..<300 { try shop.write("many/\(index)/f", "\(index)") }
        try shop.write("x/m", "moved")
        try shop.write("y/other", "o")
        try shop.write("f", texts[0])
        let writer = Writer(habit, in: shop.path.appending("context"), texts: texts)
        defer { writer.stop() }
        var built = 0
        for attempt in 0..<30 {
            // Some builds have nothing to fear.
            let isQuiet = attempt % 6 == 0
            if isQuiet { writer.hold() }
            defer { if isQuiet { writer.resume() } }
            let request = BuildRequest("FROM scratch\nCOPY . /", context: try context(shop))
            do {
                let image = try #require(try await shop.engine.build(request) { _ in }.last)
                let files = try await shop.tree(of: image)
                #expect((files["x/m"] == nil) != (files["y/m"] == nil))
                let known = texts.map { "file 644 0:0 \(Digest.of(Array($0.utf8)))" }
                #expect(known.contains(files["f"] ?? ""))
                built += 1
            } catch {
                #expect("\(error)".contains("changed while it was being read"), "\(error)")
                #expect(!isQuiet)
            }
        }
        #expect(writer.rounds > 0)
        #expect(built >= 5)
    }
}

/// Changes a context as long as it is let.
final class Writer: Sendable {
    enum Habit: CaseIterable {
        case moves, replaces
    }

    private let state = Mutex((isStopped: false, isHeld: false, rounds: 0))
    private let held = DispatchSemaphore(value: 0)
    private let resumed = DispatchSemaphore(value: 0)
    private let done = DispatchSemaphore(value: 0)

    init(_ habit: Habit, in directory: FilePath, texts: [String]) {
        let next = directory.removingLastComponent().appending("next").string
        Thread {
            var round = 0
            while self.begin(round) {
                usleep(50)
                switch habit {
                case .moves:
                    let (from, to) = round % 2 == 0 ? ("x", "y") : ("y", "x")
                    rename(directory.appending("\(from)/m").string, directory.appending("\(to)/m").string)
                case .replaces:
                    try? Data(texts[round % texts.count].utf8).write(to: URL(fileURLWithPath: next))
                    rename(next, directory.appending("f").string)
                }
                round += 1
            }
            self.done.signal()
        }.start()
    }

    /// False at the end.
    private func begin(_ round: Int) -> Bool {
        let (isStopped, isHeld) = state.withLock { state in
            state.rounds = round
            return (state.isStopped, state.isHeld)
        }
        if isHeld {
            held.signal()
            resumed.wait()
        }
        return !isStopped
    }

    var rounds: Int { state.withLock { $0.rounds } }

    /// Nothing changes from when this returns until `resume`.
    func hold() {
        state.withLock { $0.isHeld = true }
        held.wait()
    }

    func resume() {
        state.withLock { $0.isHeld = false }
        resumed.signal()
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        done.wait()
    }
}
