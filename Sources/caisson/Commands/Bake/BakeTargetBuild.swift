import ArgumentParser
import Bake
import Build
import Dockerfile
import Linux
import OCI
import SystemPackage

/// A target as the options of a build.
struct BakeTargetBuild {
    let target: BakeTarget
    var command: BuildCommand
    let plan: ResultPlan
    /// What the target asks for and this engine does not do.
    let warnings: [String]
    /// The target as words after `caisson build`.
    let words: [String]

    var name: String { target.name }

    /// Whatever can be wrong before a build is said now.
    static func all(
        _ selection: BakeSelection, allow: [String], devices: DeviceOptions
    ) throws -> [BakeTargetBuild] {
        let consent = try BakeConsent(allow)
        return try selection.targets.map { target in
            do { return try BakeTargetBuild(target, selection, consent, devices) } catch let error as BakeError {
                throw CommandFailure(text: error.description, .usage)
            } catch let error as CommandFailure {
                throw CommandFailure.usage("target `\(target.name)`: \(error.text.trimmingPrefix("error: "))")
            }
        }
    }

    private init(
        _ target: BakeTarget, _ selection: BakeSelection, _ consent: BakeConsent, _ devices: DeviceOptions
    ) throws {
        self.target = target
        var arguments = TargetArguments(target)
        try arguments.add(selection.platforms(of: target))
        try arguments.addAll()
        for entitlement in try consent.granted(to: target) { arguments.add("allow", entitlement) }
        do { command = try BuildCommand.parse(arguments.words) } catch {
            throw CommandFailure.usage(BuildCommand.message(for: error))
        }
        command.entitlements.devices = devices
        words = arguments.words
        warnings = arguments.warnings
        plan = try command.results.plan(
            targets: command.target, platforms: BuildCommand.platforms(command.platform).count)
    }
}

extension BakeSelection {
    /// A target that only stands in as a context, and does not say for which platforms, is built for those of its users.
    func platforms(of target: BakeTarget) -> [String] {
        let own = target.texts(.platforms)
        guard own.isEmpty, target.isLinked else { return own }
        var found: [String] = []
        for user in targets where user.links.values.contains(target.name) {
            for platform in platforms(of: user) where !found.contains(platform) { found.append(platform) }
        }
        return found
    }
}

/// What may reach beyond sandboxes, by `--allow`.
struct BakeConsent {
    private let allowed: [String]

    /// Of files the user's own are free for all targets; other builders' words for them mean nothing more.
    private static let free = ["fs", "fs.read", "fs.write", "ssh"]

    init(_ allowed: [String]) throws {
        self.allowed = allowed
        for text in allowed where Entitlement(argument: text) == nil {
            let word = String(text.prefix { $0 != "=" })
            guard Self.free.contains(word) else {
                throw CommandFailure.usage(
                    "--allow does not know `\(text)`",
                    hint: Suggestion.hint(for: word, among: Entitlement.allValueStrings)
                        ?? "use one of: " + Entitlement.allValueStrings.joined(separator: ", "))
            }
        }
    }

    /// What the target asks for, if all of it is allowed.
    func granted(to target: BakeTarget) throws -> [String] {
        let wanted = target.texts(.entitlements).filter { !Self.free.contains(String($0.prefix { $0 != "=" })) }
        for entitlement in wanted where !allowed.contains(entitlement) {
            throw BakeError(
                "the target `\(target.name)` asks for `\(entitlement)`",
                at: target.attributes[.entitlements]?.place,
                hint: "if you trust it with that, allow it with --allow \(entitlement)")
        }
        return wanted
    }
}
