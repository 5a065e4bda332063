package import OCI
package import SystemPackage

/// Something in a store that is not as it should be.
package struct StoreFinding: Hashable, Sendable {
    package enum Remedy: String, Hashable, Sendable {
        /// Nothing was changed.
        case none
        /// Made again from what it derives from.
        case rebuilt
        /// Gone: its absence costs time, not content.
        case removed
        /// Moved to `quarantine/`: it must be fetched or built again.
        case quarantined
    }

    package let path: FilePath
    /// What is wrong, lower case.
    package let problem: String
    package let remedy: Remedy
    /// Whether content is lost here that only a registry or a build brings back.
    package let needsRefetch: Bool

    package var json: JSON {
        [
            "path": .string(path.string), "problem": .string(problem), "remedy": .string(remedy.rawValue),
            "needsRefetch": .bool(needsRefetch),
        ]
    }
}

/// What a check of a store went through and found.
package struct StoreReport: Hashable, Sendable {
    package internal(set) var findings: [StoreFinding] = []
    /// Files whose content was compared with what it must be.
    package internal(set) var filesChecked = 0
    package internal(set) var bytesChecked: Int64 = 0

    /// Nothing is wrong, or nothing is any more.
    package var isSound: Bool { findings.allSatisfy { $0.remedy != .none && !$0.needsRefetch } }

    package var json: JSON {
        [
            "findings": .array(findings.map(\.json)), "filesChecked": .integer(Int64(filesChecked)),
            "bytesChecked": .integer(bytesChecked),
        ]
    }
}
