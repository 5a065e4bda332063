import Foundation
package import Pipeline
package import SystemPackage

/// Everything the agent is told by files: its configuration and its pipelines.
package struct AgentSettings: Sendable {
    package let configuration: AgentConfiguration
    package let pipelines: Pipelines

    /// Reads `agent.conf` at `path` and the folders it names.
    package static func load(
        _ path: FilePath, environment: [String: String]
    ) throws(ConfigError) -> AgentSettings {
        let bytes: [UInt8]
        do {
            bytes = try [UInt8](Data(contentsOf: URL(filePath: path.string)))
        } catch {
            let source = ConfigSource(name: path.string, text: "")
            throw ConfigError([source.error("cannot read the file", at: .start)])
        }
        let source = try ConfigSource.decode(bytes, name: path.string, secretWords: ["password"])
        let here = FilePath(FileManager.default.currentDirectoryPath)
        let folder = here.pushing(path).removingLastComponent()
        let configuration = try AgentConfiguration(
            parsing: source, in: AgentConfiguration.Surroundings(folder: folder, environment: environment))
        let pipelines = try Pipelines.load(from: configuration.agent.pipelines, allowing: configuration.git.schemes)
        return AgentSettings(configuration: configuration, pipelines: pipelines)
    }

    /// For `--check`: what was read, in a line each.
    package var summary: String {
        let lines = pipelines.files.map { file in
            let triggers = file.triggers.map(\.name.text).joined(separator: ", ")
            return "\(file.name): \(file.repository) on \(triggers)"
        }
        return (pipelines.warnings.map(\.description) + lines).joined(separator: "\n")
    }
}
