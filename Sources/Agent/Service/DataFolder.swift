import Foundation
import Linux
package import SystemPackage

/// The agent's folder on disk, locked as long as this lives: two agents on one database would take each other's runs.
package final class DataFolder: Sendable {
    package let path: FilePath
    private let lock: FileLock

    package init(_ path: FilePath) throws(AgentError) {
        let lockPath = path.appending("agent.lock")
        do {
            try FileManager.default.createDirectory(
                atPath: path.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw AgentError(.dataFolder, "cannot create the data folder `\(path)`: \(error.localizedDescription)")
        }
        do {
            guard let lock = try FileLock.take(lockPath, .exclusive) else {
                let holder = FileLock.holder(of: lockPath)
                let who = holder.isEmpty ? "" : " (\(holder))"
                throw AgentError(.dataFolder, "data folder `\(path)` is in use by another agent\(who)")
            }
            try lock.describeHolder("process \(ProcessInfo.processInfo.processIdentifier)")
            self.lock = lock
        } catch let error as AgentError {
            throw error
        } catch {
            throw AgentError(.dataFolder, "cannot lock the data folder: \(error)")
        }
        self.path = path
    }

    package var database: FilePath { path.appending("agent.db") }
    package var logs: FilePath { path.appending("logs") }
}
