package import OCI

/// What one of an image's documents says of it besides what it holds.
package struct ImageAnnotation: Hashable, Sendable {
    package enum Place: String, CaseIterable, Sendable {
        case manifest
        /// The entry of the manifest in the index.
        case manifestDescriptor = "manifest-descriptor"
        case index
    }

    package let place: Place
    /// Only for the image of this platform; nil is for each.
    package let platform: Platform?
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String, in place: Place = .manifest, for platform: Platform? = nil) {
        self.place = place
        self.platform = platform
        self.name = name
        self.value = value
    }
}

extension [ImageAnnotation] {
    /// Of two with one name the later counts.
    func values(in place: ImageAnnotation.Place, for platform: Platform?) -> [String: String] {
        let wanted = filter { $0.place == place && ($0.platform == nil || $0.platform == platform) }
        return Dictionary(wanted.map { ($0.name, $0.value) }) { $1 }
    }
}
