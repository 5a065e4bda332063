/// The targets from the bottom up, each with everything it may import besides Swift's own modules.
/// A target stands after all that it imports: arrows point down.
struct AllowedImports {
    struct Entry {
        let target: String
        let modules: Set<String>
    }

    let entries: [Entry]

    init(_ entries: KeyValuePairs<String, Set<String>>) {
        self.entries = entries.map { Entry(target: $0.key, modules: $0.value) }
    }

    subscript(target: String) -> Set<String>? {
        entries.first { $0.target == target }?.modules
    }

    /// Every module that reaches `target` through targets of this package.
    func closure(of target: String) -> Set<String> {
        (self[target] ?? []).reduce(into: []) { reached, module in
            reached.insert(module)
            reached.formUnion(closure(of: module))
        }
    }
}

extension AllowedImports {
    /// Modules of the Swift distribution that cost nothing and fit every ring.
    static let everywhere: Set<String> = ["Swift", "Synchronization"]

    /// `Glibc` names the kernel's constants: for the targets that speak to the kernel, never for those above.
    static let caisson = AllowedImports([
        // C
        "CBzip2": [], "CCrypto": [], "CDeflate": [], "CLazyLibrary": [], "CLinux": [], "CLzma": [], "CZlib": [],
        "CZstd": [],
        "CCurl": ["CLazyLibrary"],
        "CGit2": ["CLazyLibrary"],
        "CYAML": ["CLazyLibrary"],
        // Model
        "OCI": ["CCrypto"],
        "Dockerfile": [],
        // Platform
        "Linux": ["CLinux", "Glibc", "SystemPackage"],
        "HTTP": ["CCurl", "Linux", "SystemPackage"],
        "Archive": ["CBzip2", "CDeflate", "CLzma", "CZlib", "CZstd", "Glibc", "Linux", "SystemPackage"],
        "YAML": ["CYAML"],
        "Git": ["CCrypto", "CGit2", "CZlib", "Glibc", "HTTP", "Linux", "SystemPackage"],
        // Engine
        "Storage": ["Archive", "Glibc", "Linux", "OCI", "SystemPackage"],
        "Sandbox": ["Glibc", "Linux", "OCI", "SystemPackage", "YAML"],
        "Registry": ["Glibc", "HTTP", "Linux", "OCI", "SystemPackage"],
        "Build": ["Archive", "Dockerfile", "Linux", "OCI", "Sandbox", "Storage", "SystemPackage"],
        "Engine": [
            "Archive", "Build", "Dockerfile", "Git", "HTTP", "Linux", "OCI", "Registry", "Sandbox", "Storage",
            "SystemPackage",
        ],
        // Service
        "Pipeline": ["OCI", "YAML"],
        "Bake": ["Dockerfile", "OCI", "YAML"],
        "Runs": ["Foundation", "GRDB", "Linux", "OCI", "Pipeline", "SystemPackage"],
        "Agent": [
            "Build", "Dockerfile", "Engine", "Foundation", "Git", "HTTP", "HTTPTypes", "Hummingbird", "Linux",
            "Logging",
            "NIOCore", "OCI", "Pipeline", "Registry", "Runs", "ServiceLifecycle", "SystemPackage", "UnixSignals",
        ],
        // Executables
        "caisson": [
            "Archive", "ArgumentParser", "Bake", "Build", "Dockerfile", "Engine", "Git", "HTTP", "Linux", "OCI",
            "Pipeline",
            "Registry", "Sandbox", "Storage", "SystemPackage",
        ],
        "caisson-agent": ["Agent", "ArgumentParser"],
    ])
}
