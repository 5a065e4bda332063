import Foundation
import Storage
import SystemPackage
import Testing

struct WorkAreaTests {
    /// Each sweeps what it finds without an owner, which another one that is being made must never seem.
    @Test func manyAreMadeAtOnce() async throws {
        let root = FilePath(NSTemporaryDirectory()).appending("caisson-areas-\(UUID())")
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        let store = try Store.open(at: root)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<200 {
                        let area = try WorkArea(in: store)
                        #expect(FileManager.default.fileExists(atPath: area.path.string))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: root.appending("work").string).isEmpty)
    }
}
