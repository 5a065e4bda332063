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

    /// Parses `os/arch[/variant]`; a bare `linux` means Linux on this machine's CPU.
    package init(parsing text: String) throws(OCIError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            throw OCIError(.invalidReference, "platform `\(text)` is not of the form os/arch[/variant]")
        }
        self.init(
            os: parts[0], architecture: parts.count > 1 ? parts[1] : Platform.current.architecture,
            variant: parts.count > 2 ? parts[2] : nil)
    }

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
