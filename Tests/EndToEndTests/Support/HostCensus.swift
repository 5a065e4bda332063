import Foundation
import Linux
import SystemPackage

/// What of a build is still there, seen from the host.
enum HostCensus {
    /// Processes with `marker` in their command line.
    static func processes(with marker: String) -> [Int32] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap(Int32.init) ?? []
        return numbers.filter { number in
            guard let line = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") else { return false }
            return String(decoding: line, as: UTF8.self).contains(marker)
        }
    }

    /// Mounts of this namespace that name `text`.
    static func mounts(with text: String) -> [String] {
        let table = FileManager.default.contents(atPath: "/proc/self/mountinfo") ?? Data()
        return String(decoding: table, as: UTF8.self).split(separator: "\n").map(String.init).filter {
            $0.contains(text)
        }
    }

    /// Cgroups that the process `number` of the program made.
    static func cgroups(of number: Int32) -> [String] {
        Set(CgroupHierarchy.host.parents.values).flatMap { parent in
            ((try? FileManager.default.contentsOfDirectory(atPath: parent.string)) ?? [])
                .filter { $0.hasPrefix("caisson-\(number)-") }
        }
    }

    /// Waits until `condition` holds, for as long as a loaded machine may need.
    static func wait(for condition: () throws -> Bool) async throws -> Bool {
        for _ in 0..<1500 {
            if try condition() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try condition()
    }

    /// A number that no other process has in its command line, for a program to carry.
    static func marker() -> String { String(UInt32.random(in: 1_000_000_000...2_000_000_000)) }
}
