import OCI
import Testing

struct ManifestTests {
    private static let digest = "sha256:" + String(repeating: "0a", count: 32)
    private static let config =
        #"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\#(digest)","size":2}"#
    private static let layer =
        #"{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"\#(digest)","size":3}"#

    private static func manifest(_ members: String) -> [UInt8] { Array(#"{"schemaVersion":2,\#(members)}"#.utf8) }

    private func code(_ body: () throws -> Void) -> OCIError.Code? {
        do { try body() } catch { return (error as? OCIError)?.code }
        return nil
    }

    @Test(
        arguments: [
            (
                #""mediaType":"application/vnd.oci.image.manifest.v1+json","#, MediaType.ociManifest,
                MediaType.ociManifest
            ),
            (#""mediaType":"application/vnd.docker.distribution.manifest.v2+json","#, .dockerManifest, .dockerManifest),
            ("", .ociManifest, .ociManifest), ("", nil, .ociManifest), ("", .dockerManifest, .dockerManifest),
            (#""mediaType":"application/vnd.oci.image.manifest.v1+json","#, nil, .ociManifest),
            (
                #""mediaType":"application/vnd.oci.image.manifest.v1+json","#, MediaType("application/octet-stream"),
                .ociManifest
            ),
        ] as [(String, MediaType?, MediaType)])
    func manifestIsReadAsWhatItIs(stated: String, served: MediaType?, expected: MediaType) throws {
        let bytes = Self.manifest(#"\#(stated)"config":\#(Self.config),"layers":[\#(Self.layer),\#(Self.layer)]"#)
        let manifest = try ImageManifest(parsing: bytes, servedAs: served)
        #expect(manifest.mediaType == expected && manifest.layers.count == 2)
        #expect(manifest.config.size == 2 && manifest.layers[0].mediaType.layerCompression == .gzip)
    }

    @Test func manifestKeepsItsMeaningThroughWriting() throws {
        let bytes = Self.manifest(
            #""mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"a/b","config":\#(Self.config),"#
                + #""layers":[],"subject":\#(Self.config),"annotations":{"k":"v"}"#
        )
        let manifest = try ImageManifest(parsing: bytes)
        #expect(manifest.subject?.size == 2 && manifest.artifactType == "a/b" && manifest.annotations == ["k": "v"])
        #expect(try ImageManifest(parsing: manifest.canonicalBytes) == manifest)
    }

    @Test(arguments: [
        #"{"schemaVersion":1,"name":"x","fsLayers":[]}"#,
        #"{"schemaVersion":1,"mediaType":"application/vnd.docker.distribution.manifest.v1+prettyjws","fsLayers":[]}"#,
        #"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v1+json","config":{}}"#,
    ])
    func schema1IsRefusedWithAWayOut(text: String) {
        for read in [{ _ = try ImageManifest(parsing: $0) }, { _ = try ImageIndex(parsing: $0) }]
            as [([UInt8]) throws -> Void]
        {
            #expect { try read(Array(text.utf8)) } throws: { error in
                (error as? OCIError)?.code == .unsupportedMediaType && "\(error)".contains("schema 1")
                    && "\(error)".contains("push it again")
            }
        }
    }

    @Test(arguments: [
        #""manifests":[],"config":\#(config),"layers":[]"#, #""manifests":[],"layers":[]"#,
        #""manifests":[],"config":\#(config)"#,
        #""mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[],"config":\#(config),"layers":[]"#,
    ])
    func documentThatIsBothManifestAndIndexIsRefused(members: String) {
        let bytes = Self.manifest(members)
        #expect(code { _ = try ImageManifest(parsing: bytes) } == .invalidDocument)
        #expect(code { _ = try ImageIndex(parsing: bytes) } == .invalidDocument)
    }

    @Test(arguments: [MediaType.ociIndex, .dockerList, .dockerManifest])
    func documentServedAsSomethingElseIsRefused(served: MediaType) {
        let bytes = Self.manifest(
            #""mediaType":"application/vnd.oci.image.manifest.v1+json","config":\#(Self.config),"layers":[]"#)
        #expect(code { _ = try ImageManifest(parsing: bytes, servedAs: served) } == .invalidDocument)
    }

    @Test func manifestIsNoIndexAndIndexNoManifest() {
        let manifest = Self.manifest(#""config":\#(Self.config),"layers":[]"#)
        let index = Self.manifest(#""manifests":[]"#)
        #expect(code { _ = try ImageIndex(parsing: manifest) } == .unsupportedMediaType)
        #expect(code { _ = try ImageManifest(parsing: index) } == .unsupportedMediaType)
        // What it lacks shows through what it was served as, too.
        #expect(code { _ = try ImageManifest(parsing: index, servedAs: .ociManifest) } == .invalidDocument)
        #expect(code { _ = try ImageIndex(parsing: manifest, servedAs: .ociIndex) } != nil)
    }

    @Test(arguments: [
        #""config":\#(config)"#, #""layers":[]"#, #""config":{},"layers":[]"#, #""config":null,"layers":[]"#,
        #""config":\#(config),"layers":{}"#, #""config":\#(config),"layers":[{}]"#,
        #""config":\#(config),"layers":[1]"#,
        #""config":{"mediaType":"x","digest":"sha256:../../etc","size":1},"layers":[]"#,
        #""config":{"mediaType":"x","digest":"\#(digest)","size":-1},"layers":[]"#,
        #""config":{"mediaType":"x","digest":"\#(digest)","size":1.5},"layers":[]"#,
        #""config":{"mediaType":"x","digest":"\#(digest)"},"layers":[]"#,
        #""config":{"digest":"\#(digest)","size":1},"layers":[]"#,
        #""mediaType":"text/html","config":\#(config),"layers":[]"#,
    ])
    func incompleteManifestIsRefused(members: String) {
        #expect(code { _ = try ImageManifest(parsing: Self.manifest(members)) } != nil)
    }

    @Test(arguments: [
        #"{"config":\#(config),"layers":[]}"#, #"{"schemaVersion":3,"config":\#(config),"layers":[]}"#, "[]", "2",
        #"{"schemaVersion":"2"}"#,
    ])
    func otherSchemaVersionIsRefused(text: String) {
        #expect(code { _ = try ImageManifest(parsing: Array(text.utf8)) } == .invalidDocument)
    }
}
