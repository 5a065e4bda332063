/// What a blob is, how large, and which bytes: the link between image documents (image-spec 1.1, descriptor.md).
package struct Descriptor: Hashable, Sendable {
    package var mediaType: MediaType
    package var digest: Digest
    package var size: Int64
    package var platform: Platform?
    package var annotations: [String: String]
    package var artifactType: String?

    package init(
        mediaType: MediaType, digest: Digest, size: Int64, platform: Platform? = nil,
        annotations: [String: String] = [:], artifactType: String? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.annotations = annotations
        self.artifactType = artifactType
    }

    /// The descriptor of `bytes`.
    package init(of bytes: [UInt8], mediaType: MediaType) {
        self.init(mediaType: mediaType, digest: .of(bytes), size: Int64(bytes.count))
    }

    package init(json: JSON) throws(OCIError) {
        guard let mediaType = json["mediaType"]?.stringValue else {
            throw OCIError(.invalidDocument, "descriptor has no mediaType")
        }
        guard let digest = json["digest"]?.stringValue else {
            throw OCIError(.invalidDocument, "descriptor has no digest")
        }
        guard let size = json["size"]?.integerValue, size >= 0 else {
            throw OCIError(.invalidDocument, "descriptor of `\(digest)` has no size")
        }
        self.init(
            mediaType: MediaType(mediaType), digest: try Digest(parsing: digest), size: size,
            platform: json["platform"].map(Platform.init(json:)), annotations: Self.strings(json["annotations"]),
            artifactType: json["artifactType"]?.stringValue)
    }

    package var json: JSON {
        [
            "mediaType": .string(mediaType.rawValue), "digest": .string(digest.description), "size": .integer(size),
            "platform": platform?.json, "artifactType": artifactType.map(JSON.string),
            "annotations": annotations.isEmpty ? nil : .object(JSONObject(annotations)),
        ]
    }

    /// The string members of an object; others are dropped.
    static func strings(_ json: JSON?) -> [String: String] {
        guard let members = json?.objectValue?.members else { return [:] }
        return Dictionary(members.compactMap { m in m.value.stringValue.map { (m.name, $0) } }) { first, _ in first }
    }
}
