/// The operating system and CPU an image is for (image-spec 1.1, image-index.md).
package struct Platform: Hashable, Sendable, CustomStringConvertible {
    package var os: String
    package var architecture: String
    package var variant: String?
    package var osVersion: String?

    /// Names as Go writes them; `arm64` has no variant of its own, `arm` means `v7`.
    package init(os: String, architecture: String, variant: String? = nil, osVersion: String? = nil) {
        self.os = os.lowercased()
        self.osVersion = osVersion
        var variant = variant?.lowercased()
        switch architecture.lowercased() {
        case "x86_64", "x86-64", "amd64": self.architecture = "amd64"
        case "aarch64", "arm64":
            self.architecture = "arm64"
            if variant == "v8" || variant == "8" { variant = nil }
        case "arm", "armhf", "armv7l":
            self.architecture = "arm"
            variant = variant ?? "v7"
        default: self.architecture = architecture.lowercased()
        }
        self.variant = variant?.isEmpty == true ? nil : variant
    }

    /// Parses `os/arch[/variant]`; a bare `linux` means Linux on this machine's CPU, a bare `arm64` Linux on that one.
    package init(parsing text: String) throws(OCIError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            throw OCIError(.invalidReference, "platform `\(text)` is not of the form os/arch[/variant]")
        }
        if parts.count > 1 {
            self.init(os: parts[0], architecture: parts[1], variant: parts.count > 2 ? parts[2] : nil)
        } else if Self.knownSystems.contains(parts[0].lowercased()) {
            self.init(os: parts[0], architecture: Platform.current.architecture)
        } else {
            self.init(os: "linux", architecture: parts[0])
            guard Self.knownArchitectures.contains(architecture) else {
                throw OCIError(
                    .invalidReference, "`\(text)` is no operating system or architecture; write os/arch[/variant]")
            }
        }
    }

    private static let knownSystems: Set<String> = [
        "linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "dragonfly", "solaris", "illumos", "aix",
        "android",
        "ios", "js", "plan9", "wasi", "wasip1", "zos",
    ]
    private static let knownArchitectures: Set<String> = [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le",
        "riscv64", "s390x", "wasm",
    ]

    package var description: String { [os, architecture, variant].compactMap(\.self).joined(separator: "/") }

    /// What this process runs on.
    package static var current: Platform {
        #if arch(x86_64)
        Platform(os: "linux", architecture: "amd64")
        #elseif arch(arm64)
        Platform(os: "linux", architecture: "arm64")
        #else
        #error("unknown architecture")
        #endif
    }

    init(json: JSON) {
        self.init(
            os: json["os"]?.stringValue ?? "", architecture: json["architecture"]?.stringValue ?? "",
            variant: json["variant"]?.stringValue, osVersion: json["os.version"]?.stringValue)
    }

    var json: JSON {
        [
            "architecture": .string(architecture), "os": .string(os),
            "variant": variant.map(JSON.string), "os.version": osVersion.map(JSON.string),
        ]
    }
}
