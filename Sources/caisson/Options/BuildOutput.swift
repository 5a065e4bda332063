import Build
import Dockerfile
import Engine
import Linux
import OCI
import SystemPackage

/// A value of `--output`.
struct BuildOutput {
    enum Kind: String, CaseIterable {
        case oci
        case docker
        case tar
        case local
    }

    let kind: Kind
    /// `-` is standard output.
    let destination: String
    /// The stage whose result it is, in a build of several.
    let target: String?

    var writesToStandardOutput: Bool { destination == "-" }

    /// `type=oci,dest=file`; a bare path means a directory, as other builders have it.
    init(parsing text: String) throws {
        guard text.contains("=") else {
            self.init(kind: text == "-" ? .tar : .local, destination: text, target: nil)
            return
        }
        var fields: [String: String] = [:]
        for field in text.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw CommandFailure.usage("output `\(text)`: `\(field)` has no value") }
            fields[parts[0]] = parts[1]
        }
        let known = Kind.allCases.map(\.rawValue)
        let types = "the types are: " + known.joined(separator: ", ")
        guard let type = fields.removeValue(forKey: "type") else {
            throw CommandFailure.usage("output `\(text)` has no type", hint: types)
        }
        guard let kind = Kind(rawValue: type) else {
            throw CommandFailure.usage(
                "output `\(text)` has the unknown type `\(type)`",
                hint: Suggestion.hint(for: type, among: known) ?? types)
        }
        guard let destination = fields.removeValue(forKey: "dest") else {
            throw CommandFailure.usage("output `\(text)` needs dest=PATH")
        }
        let target = fields.removeValue(forKey: "target")
        if let unknown = fields.keys.sorted().first {
            throw CommandFailure.usage("output `\(text)` has an unknown field `\(unknown)`")
        }
        if kind == .local, destination == "-" {
            throw CommandFailure.usage("output `\(text)`: a directory cannot be standard output")
        }
        self.init(kind: kind, destination: destination, target: target)
    }

    /// Better now than after the build.
    func checkDestination() throws {
        guard kind != .local, !writesToStandardOutput else { return }
        let directory = FilePath(destination).absolute().removingLastComponent()
        guard FileContents.exists(directory) else {
            throw CommandFailure.usage("output `\(destination)`: there is no directory `\(directory)`")
        }
    }

    private init(kind: Kind, destination: String, target: String?) {
        self.kind = kind
        self.destination = destination
        self.target = target
    }
}
