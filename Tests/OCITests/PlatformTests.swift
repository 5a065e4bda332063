import OCI
import Testing

struct PlatformTests {
    @Test(arguments: [
        ("linux/amd64", "linux/amd64"), ("linux/x86_64", "linux/amd64"), ("Linux/AMD64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"), ("linux/arm64/v8", "linux/arm64"), ("linux/arm", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"), ("linux/armhf", "linux/arm/v7"), ("linux/riscv64", "linux/riscv64"),
        ("linux/amd64/v3", "linux/amd64/v3"), ("arm64", "linux/arm64"), ("x86_64", "linux/amd64"),
        ("ARM", "linux/arm/v7"),
        ("linux", Platform.current.description), ("linux/new-cpu", "linux/new-cpu"),
    ])
    func namesAreNormalised(text: String, expected: String) throws {
        #expect(try Platform(parsing: text).description == expected)
    }

    @Test(arguments: ["", "/", "linux/", "/amd64", "linux/amd64/", "a/b/c/d", "foo", "amd65"])
    func otherFormIsRefused(text: String) {
        #expect(throws: OCIError.self) { try Platform(parsing: text) }
    }

    private static func descriptor(_ name: String, _ platform: String?, mediaType: MediaType = .ociManifest)
        -> Descriptor
    {
        Descriptor(
            mediaType: mediaType, digest: .of(Array(name.utf8)), size: 1,
            platform: platform.flatMap { try? Platform(parsing: $0) })
    }

    @Test(
        arguments: [
            ("linux/amd64", "a"), ("linux/arm64", "b"), ("linux/arm64/v8", "b"), ("linux/arm/v7", "c7"),
            ("linux/arm/v6", "c6"),
            ("linux/arm", "c7"), ("linux/amd64/v2", "a"), ("windows/amd64", "w"), ("linux/s390x", nil),
            ("linux/arm/v5", nil),
        ] as [(String, String?)])
    func manifestForAPlatformIsChosen(wanted: String, name: String?) throws {
        let index = ImageIndex(manifests: [
            Self.descriptor("w", "windows/amd64"), Self.descriptor("a", "linux/amd64"),
            Self.descriptor("b", "linux/arm64"),
            Self.descriptor("c6", "linux/arm/v6"), Self.descriptor("c7", "linux/arm/v7"),
            Self.descriptor("attestation", "unknown/unknown"),
        ])
        let platform = try Platform(parsing: wanted)
        if let name {
            #expect(try index.manifest(for: platform).digest == .of(Array(name.utf8)))
        } else {
            #expect { try index.manifest(for: platform) } throws: { error in
                (error as? OCIError)?.code == .noMatchingPlatform && "\(error)".contains("linux/arm64")
                    && !"\(error)".contains("unknown")
            }
        }
    }

    @Test func loneManifestWithoutPlatformServesAll() throws {
        let index = ImageIndex(manifests: [Self.descriptor("only", nil)])
        #expect(try index.manifest(for: try Platform(parsing: "linux/s390x")).digest == .of(Array("only".utf8)))
    }

    @Test func whatIsNoImageIsNotChosen() {
        let index = ImageIndex(manifests: [Self.descriptor("x", "linux/amd64", mediaType: MediaType("application/x"))])
        #expect(throws: OCIError.self) { try index.manifest(for: Platform(os: "linux", architecture: "amd64")) }
    }
}
