/// A rule that was broken: where, and what to do instead.
struct Violation: Equatable, CustomStringConvertible {
    let place: String
    let message: String

    var description: String { "\(place): \(message)" }
}

enum Rules {
    static let longestFile = 450
    /// Names that say nothing of what is inside.
    static let emptyNames = ["Utils", "Util", "Utilities", "Helpers", "Common", "Misc", "Extras", "Manager"]

    /// Imports that the table does not allow.
    static func imports(of file: SourceFile, allowed: AllowedImports) -> [Violation] {
        guard let modules = allowed[file.target] else {
            return [Violation(place: file.path, message: "target `\(file.target)` is not in the table of imports")]
        }
        return ImportStatement.parse(file.text)
            .filter { !modules.contains($0.module) && !AllowedImports.everywhere.contains($0.module) }
            .map { Violation(place: "\(file.path):\($0.line)", message: "`\(file.target)` imports `\($0.module)`") }
    }

    /// Entries of the table that import a target standing at or above themselves.
    static func order(of table: AllowedImports) -> [Violation] {
        let targets = table.entries.map(\.target)
        return table.entries.enumerated().flatMap { index, entry in
            entry.modules.intersection(targets[index...]).sorted().map {
                Violation(place: entry.target, message: "`\($0)` does not stand below it")
            }
        }
    }

    /// Declared dependencies that the table does not allow.
    static func dependencies(of target: PackageManifest.Target, allowed: AllowedImports) -> [Violation] {
        guard let modules = allowed[target.name] else {
            return [Violation(place: target.name, message: "not in the table of imports")]
        }
        return target.dependencies.subtracting(modules).sorted().map {
            Violation(place: target.name, message: "depends on `\($0)`")
        }
    }

    static func purpose(of target: PackageManifest.Target) -> [Violation] {
        guard target.purpose == nil, !target.isTest else { return [] }
        return [Violation(place: target.name, message: "no line above its declaration says what it is for")]
    }

    static func length(of file: SourceFile) -> [Violation] {
        guard file.lineCount > longestFile else { return [] }
        return [Violation(place: file.path, message: "\(file.lineCount) lines: look for the second idea")]
    }

    /// Targets, folders and files whose name hides what they hold.
    static func names(in path: String) -> [Violation] {
        path.split(separator: "/").compactMap { component in
            let name = component.prefix { $0 != "." }
            let words = name.split(separator: "+").flatMap { $0.matches(of: /[A-Z]+[a-z0-9]*|[a-z0-9]+/) }
            guard let last = words.last?.output, emptyNames.contains(String(last)) else { return nil }
            return Violation(place: path, message: "`\(name)` does not say what is inside")
        }
    }
}
