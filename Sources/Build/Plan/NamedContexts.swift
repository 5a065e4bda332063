package import OCI

/// What `--build-context name=…` puts in the place of a stage or an image.
package enum NamedContext: Sendable {
    case scratch
    case files(any BuildContext)
    /// An image, and who has it: a registry, or a layout on disk.
    case image(ImageReference, any BaseImageResolver)
}

/// The named contexts of a build. Stages are found by name without regard to case; images by their full name, `:latest`
/// and the default registry implied, and `name::os/arch` before `name`.
package struct NamedContexts: Sendable {
    private var contexts: [String: NamedContext]

    package init(_ contexts: [String: NamedContext] = [:]) { self.contexts = contexts }

    package subscript(name: String) -> NamedContext? {
        get { contexts[name] }
        set { contexts[name] = newValue }
    }

    package var isEmpty: Bool { contexts.isEmpty }

    /// In bytewise order.
    var names: [String] { contexts.keys.sorted() }

    /// Whether the context called `name` stands for a stage or an image of `others`.
    func isUsed(_ name: String, by others: [String], on platform: Platform) -> Bool {
        guard let context = contexts[name] else { return false }
        let alone = NamedContexts([name: context])
        return others.contains { alone.stage($0) != nil || alone.image($0, platform: platform) != nil }
    }

    package func stage(_ name: String) -> NamedContext? {
        contexts.first { $0.key.lowercased() == name.lowercased() }?.value
    }

    package func image(_ name: String, platform: Platform) -> NamedContext? {
        let suffix = "::\(platform)"
        let suffixed = contexts.first {
            $0.key.hasSuffix(suffix) && Self.same(String($0.key.dropLast(suffix.count)), name)
        }
        return (suffixed ?? contexts.first { Self.same($0.key, name) })?.value
    }

    private static func same(_ a: String, _ b: String) -> Bool {
        if a == b { return true }
        guard let first = try? ImageReference(parsing: a), let second = try? ImageReference(parsing: b) else {
            return false
        }
        return first.description == second.description
    }
}
