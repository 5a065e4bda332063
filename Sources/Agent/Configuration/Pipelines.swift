import Foundation
package import Pipeline
package import SystemPackage

/// All pipelines of the agent, by name.
package struct Pipelines: Sendable {
    /// In the order of their names.
    package let files: [PipelineFile]
    package let warnings: [ConfigDiagnostic]

    package init(_ files: [PipelineFile], warnings: [ConfigDiagnostic] = []) {
        self.files = files.sorted { $0.name < $1.name }
        self.warnings = warnings
    }

    package subscript(name: PipelineName) -> PipelineFile? {
        files.first { $0.name == name }
    }

    /// Every repository with the pipelines that build it.
    package var byRepository: [RepositoryURL: [PipelineFile]] {
        Dictionary(grouping: files, by: \.repository)
    }

    /// Reads every `*.yaml` and `*.yml` of `folders`; throws what is wrong with any of them.
    package static func load(
        from folders: [FilePath], allowing schemes: [RepositoryURL.Scheme]
    ) throws(ConfigError) -> Pipelines {
        var files: [PipelineFile] = []
        var problems: [ConfigDiagnostic] = []
        var warnings: [ConfigDiagnostic] = []
        var places: [PipelineName: String] = [:]
        var paths: [FilePath] = []
        for folder in folders { paths += try Self.paths(in: folder) }
        for path in paths {
            do {
                let source = try read(path)
                let parsed = try PipelineFile.parse(source)
                warnings += parsed.warnings
                let scheme = parsed.file.repository.scheme
                if !schemes.contains(scheme) {
                    problems.append(
                        source.error(
                            "repositories by `\(scheme.rawValue)` are not allowed", at: parsed.repositorySpan,
                            hint: "allow it in agent.conf: `schemes` of [git]"))
                }
                if let earlier = places.updateValue(path.string, forKey: parsed.file.name) {
                    problems.append(source.error("pipeline `\(parsed.file.name)` is also in \(earlier)", at: .start))
                }
                files.append(parsed.file)
            } catch {
                problems += error.diagnostics
            }
        }
        guard problems.isEmpty else { throw ConfigError(inOrder: problems + warnings) }
        return Pipelines(files, warnings: warnings)
    }

    private static func paths(in folder: FilePath) throws(ConfigError) -> [FilePath] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.string)
                .filter { !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) }
                .sorted().map { folder.appending($0) }
        } catch {
            let source = ConfigSource(name: folder.string, text: "")
            throw ConfigError([source.error("cannot read the folder of pipelines", at: .start)])
        }
    }

    private static func read(_ path: FilePath) throws(ConfigError) -> ConfigSource {
        let bytes: [UInt8]
        do {
            bytes = try [UInt8](Data(contentsOf: URL(filePath: path.string)))
        } catch {
            throw ConfigError([ConfigSource(name: path.string, text: "").error("cannot read the file", at: .start)])
        }
        return try ConfigSource.decode(bytes, name: path.string)
    }
}
