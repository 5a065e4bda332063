import Bake
import Dockerfile
import Engine
import Git
import SystemPackage

/// The attributes of a target as words of a build's command line.
struct TargetArguments {
    private let target: BakeTarget
    private var options: [String] = []
    private(set) var warnings: [String] = []

    init(_ target: BakeTarget) { self.target = target }

    var words: [String] { options + ["--", context] }

    mutating func add(_ option: String, _ value: String) { options.append("--\(option)=\(value)") }

    mutating func add(_ platforms: [String]) throws {
        for platform in platforms { add("platform", platform) }
    }

    mutating func addAll() throws {
        try addPlaces()
        for (name, value) in Self.sorted(target.map(.args)) { add("build-arg", "\(name)=\(value)") }
        for (name, value) in Self.sorted(target.map(.labels)) { add("label", "\(name)=\(value)") }
        for annotation in target.texts(.annotations) { add("annotation", annotation) }
        if let stage = target.text(.target) { add("target", stage) }
        if let network = target.text(.network) { add("network", network) }
        if let size = target.text(.sharedMemory) { add("shm-size", size) }
        for limit in target.texts(.ulimits) { add("ulimit", limit) }
        for (name, addresses) in Self.sorted(target.map(.extraHosts)) {
            for address in addresses.split(separator: ",") { add("add-host", "\(name)=\(address)") }
        }
        for secret in target.fields(.secret) { add("secret", secret.text(first: ["id"])) }
        for key in target.fields(.ssh) {
            add("ssh", (key["id"] ?? "") + (key["paths"].map { "=\($0)" } ?? ""))
        }
        if target.flag(.noCache) { options.append("--no-cache") }
        for stages in target.texts(.noCacheFilter) { add("no-cache-filter", stages) }
        addCaches()
        try addResults()
        try refuseRest()
    }

    private static func sorted(_ map: [String: String]) -> [(key: String, value: String)] {
        map.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    // MARK: Places

    private static func local(_ path: String) -> String {
        guard path.hasPrefix("cwd://") else { return path }
        let rest = String(path.dropFirst("cwd://".count))
        return rest.isEmpty ? "." : rest
    }

    private var context: String { Self.local(target.text(.context) ?? ".") }

    private var isRemote: Bool { GitAddress.isAddress(context) || RemoteSource.isURL(context) }

    /// The Dockerfile's path starts from the context.
    private mutating func addPlaces() throws {
        let dockerfile = target.text(.dockerfile) ?? "Dockerfile"
        guard context != "-", dockerfile != "-" else {
            throw error(context == "-" ? .context : .dockerfile, "a target cannot be built from standard input")
        }
        if target.text(.dockerfileInline) == nil, dockerfile != "Dockerfile" {
            let isPlace = isRemote || RemoteSource.isURL(dockerfile) || dockerfile.hasPrefix("cwd://")
            let path = FilePath(context).pushing(FilePath(dockerfile)).lexicallyNormalized()
            add("file", isPlace ? Self.local(dockerfile) : path.string)
        }
        for (name, place) in Self.sorted(target.map(.contexts)) where !place.hasPrefix("target:") {
            add("build-context", "\(name)=\(Self.local(place))")
        }
    }

    // MARK: Results

    /// Places this engine has no client for make builds slower, not different.
    private mutating func addCaches() {
        for (attribute, option) in [(TargetAttribute.cacheFrom, "cache-from"), (.cacheTo, "cache-to")] {
            for place in target.fields(attribute) {
                if let type = place["type"], type != "registry", type != "local" {
                    warn(attribute, "a cache of the type `\(type)` is not supported; it is left out")
                } else {
                    add(option, place.text())
                }
            }
        }
    }

    private mutating func addResults() throws {
        let outputs = target.fields(.output)
        guard !outputs.contains(where: { $0["type"] == "cacheonly" }) else { return }
        for tag in target.texts(.tags) { add("tag", tag) }
        for output in outputs { add("output", output.text()) }
    }

    // MARK: What is missing

    private mutating func refuseRest() throws {
        if !target.fields(.policy).isEmpty { throw error(.policy, "policies are not supported") }
        for attestation in target.fields(.attest) where attestation["disabled"] != "true" {
            warn(.attest, "attestations of the type `\(attestation["type"] ?? "")` are not made")
        }
    }

    private mutating func warn(_ attribute: TargetAttribute, _ message: String) {
        let place = target.attributes[attribute]?.place.map { "\($0.description): " } ?? ""
        warnings.append("\(place)target `\(target.name)`: \(message)")
    }

    private func error(_ attribute: TargetAttribute, _ message: String) -> BakeError {
        BakeError("target `\(target.name)`: \(message)", at: target.attributes[attribute]?.place)
    }
}
