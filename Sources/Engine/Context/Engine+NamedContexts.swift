package import Build
import Dockerfile
import Git
import Linux
import OCI
import Registry
import Storage
package import SystemPackage

/// What `--build-context name=…` may name besides a directory: `docker-image://`, `oci-layout://`, repositories, URLs.
extension Engine {
    /// Directories and relative layouts are sought from `directory` on. What lies elsewhere is fetched when the build
    /// needs it.
    package func namedContext(
        _ text: String, from directory: FilePath, through remotes: BuildRemotes
    ) async throws -> NamedContext {
        try await BuildRemotes.asRequest {
            if let name = Self.rest(of: text, after: "docker-image://") {
                if name == "scratch" { return .scratch }
                let reference: ImageReference
                do { reference = try ImageReference(parsing: name) } catch let error as OCIError {
                    throw BuildError.request("named context `\(text)`: \(error.message)")
                }
                return .image(reference, library)
            }
            if let place = Self.rest(of: text, after: "oci-layout://") {
                return try await layout(place, from: directory)
            }
            let path = directory.pushing(FilePath(text))
            if GitAddress.isAddress(text), !(GitAddress.isShort(text) && FileContents.exists(path)) {
                let address = try GitAddress(parsing: text, allowing: remotes.gitSchemes.union([.file]))
                remotes.git.trust(address)
                return .files(LazyContext { try await remotes.filtered(try await remotes.git.context(of: address)) })
            }
            if RemoteSource.isURL(text) { return .files(try remotes.files(at: text)) }
            if let scheme = text.firstRange(of: "://"), !text[..<scheme.lowerBound].contains("/") {
                throw BuildError.request(
                    "named context `\(text)` has an unknown scheme; known are docker-image, oci-layout, git, ssh, http, https"
                )
            }
            if FileContents.kind(of: path) == .file {
                guard let archive = try await remotes.archive(at: path) else {
                    throw BuildError.request(
                        "named context `\(text)` is neither a directory nor an archive")
                }
                return .files(try await remotes.filtered(archive))
            }
            do {
                return .files(try DirectoryContext(path, ignore: try BuildRemotes.ignoreFile(of: path)))
            } catch BuildError.request(let message) {
                throw BuildError.request("named context `\(text)`: \(message)")
            }
        }
    }

    private static func rest(of text: String, after prefix: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    // MARK: Layouts

    /// `path[:tag|@digest]`; without either the image `latest`, or the only one.
    private func layout(_ place: String, from directory: FilePath) async throws -> NamedContext {
        let (path, name) = Self.split(place)
        let images = try await LayoutImages(
            try await OCILayout.open(directory.pushing(FilePath(path))), store: store)
        let reference: ImageReference
        do { reference = try await images.reference(name) } catch let error as OCIError {
            throw BuildError.request("named context `oci-layout://\(place)`: \(error.message)")
        }
        return .image(reference, images)
    }

    private static func split(_ place: String) -> (path: String, name: String?) {
        let last = place.lastIndex(of: "/") ?? place.startIndex
        if let at = place[last...].firstIndex(of: "@") { return (String(place[..<at]), String(place[at...])) }
        if let colon = place[last...].lastIndex(of: ":") { return (String(place[..<colon]), String(place[colon...])) }
        return (place, nil)
    }
}

/// The images of a layout on disk, brought into the store when a build uses them.
struct LayoutImages: BaseImageResolver {
    private let layout: OCILayout
    private let library: ImageLibrary

    /// Images of a layout have no repository; no registry has this one.
    private static let repository = "oci-layout.invalid/image"

    init(_ layout: OCILayout, store: Store) async throws {
        self.layout = layout
        library = ImageLibrary(store: store, source: layout)
    }

    /// `name` is `:tag`, `@digest` or nothing. Pinned by its digest: the name is looked up once.
    func reference(_ name: String?) async throws -> ImageReference {
        var reference = try ImageReference(parsing: Self.repository + (name ?? ":latest"))
        let listed = try await layout.manifests()
        if name == nil, listed.count == 1 {
            reference.digest = listed[0].digest
        } else {
            reference.digest = try await layout.resolve(reference).digest
        }
        return reference
    }

    func resolve(_ reference: ImageReference, platform: Platform) async throws -> BaseImage {
        let image = try await library.resolve(reference, platform: platform)
        try await library.fetch(
            LayerChain(image.config.diffIDs), origins: LayerOrigins(of: [image]), report: { _ in })
        return image
    }
}

extension BuildRemotes {
    /// Without what the context's own ignore file hides.
    func filtered(_ context: any BuildContext) async throws -> any BuildContext {
        FilteredContext(context, ignore: try await ignoreFile(of: context))
    }

    /// An archive's files, or the file itself.
    func files(at text: String) throws -> any BuildContext {
        let url = try Self.url(text)
        return LazyContext { [self] in
            let file = try await downloads.file(at: url)
            if let archive = try await archive(file) { return try await filtered(archive) }
            return StoredFileContext(file.digest, size: file.size, named: Self.name(of: url), in: store)
        }
    }
}
