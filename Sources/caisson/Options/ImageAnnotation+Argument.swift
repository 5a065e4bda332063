import ArgumentParser
import Build
import Dockerfile
import OCI

extension ImageAnnotation {
    static let help = ArgumentHelp(
        "An annotation of the image's manifest, or of index or manifest-descriptor; one platform's: manifest[linux/arm64].",
        valueName: "[place:]name=value")

    /// `[place[,place…][[platform]]:]name=value`, as it was typed; one for each place.
    static func parse(_ text: String) throws -> [ImageAnnotation] {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw CommandFailure.usage("--annotation `\(text)` is not of the form name=value")
        }
        var name = parts[0][...]
        var places = [Place.manifest]
        var platform: Platform?
        if let colon = name.firstIndex(of: ":") {
            var prefix = name[..<colon]
            name = name[name.index(after: colon)...]
            if prefix.hasSuffix("]"), let bracket = prefix.firstIndex(of: "[") {
                platform = try BuildCommand.platform(String(prefix[prefix.index(after: bracket)...].dropLast()))
                prefix = prefix[..<bracket]
            }
            places = try prefix.split(separator: ",", omittingEmptySubsequences: false).map { word in
                if let place = Place(rawValue: String(word)) { return place }
                let known = Place.allCases.map(\.rawValue)
                throw CommandFailure.usage(
                    "--annotation knows no place `\(word)`",
                    hint: Suggestion.hint(for: String(word), among: known)
                        ?? "use one of \(known.joined(separator: ", "))")
            }
        }
        guard !name.isEmpty else { throw CommandFailure.usage("--annotation `\(text)` has no name") }
        if platform != nil, places.contains(.index) {
            throw CommandFailure.usage("--annotation `\(text)`: an index is for no single platform")
        }
        return places.map { ImageAnnotation(String(name), parts[1], in: $0, for: platform) }
    }
}
