import Foundation
package import Logging
import Runs

/// Writes log lines to standard error: readable on a terminal, else one JSON object a line.
package struct StandardErrorLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    private let isJSON: Bool

    package init(_ settings: AgentConfiguration.LogSection, isTerminal: Bool) {
        logLevel =
            switch settings.level {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
        isJSON =
            switch settings.format {
            case .auto: !isTerminal
            case .json: true
            case .text: false
            }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var values = metadata.merging(event.metadata ?? [:]) { $1 }
        if let error = event.error { values["error"] = "\(error)" }
        let line = isJSON ? json(event, values) : text(event, values)
        // One write for one line: lines of several threads do not mix.
        try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
    }

    private func text(_ event: LogEvent, _ values: Logger.Metadata) -> String {
        let pairs = values.sorted { $0.key < $1.key }.map { "\($0)=\(Self.quoted("\($1)"))" }
        let level = "\(event.level)".padding(toLength: 7, withPad: " ", startingAt: 0)
        return (["\(Timestamp.now) \(level) \(event.message)"] + pairs).joined(separator: " ")
    }

    private func json(_ event: LogEvent, _ values: Logger.Metadata) -> String {
        var object = values.mapValues { "\($0)" }
        object["time"] = "\(Timestamp.now)"
        object["level"] = "\(event.level)"
        object["message"] = "\(event.message)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = (try? encoder.encode(object)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 != 0x7F }
        return isPlain ? text : text.debugDescription
    }
}
