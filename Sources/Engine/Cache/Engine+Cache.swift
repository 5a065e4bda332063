import Build
import Dockerfile
import OCI
import Registry
import Storage

/// Caches besides the store.
extension Engine {
    /// What cannot be had is told and goes without: the build is slower, not wrong.
    func importedCache(of request: BuildRequest, _ report: EventSink) async -> ImportedCache {
        var imported = ImportedCache()
        for place in request.cache.imports where request.usesCache {
            do {
                try await imported.add(place, registry: registry)
            } catch {
                report(.warning(Diagnostic(.warning, "cannot import the cache `\(place)`: \(error)", at: nil)))
            }
        }
        return imported
    }

    /// The layers that an image adds to its base have to be here for its manifest, also those of steps that a cache from
    /// elsewhere spared. Returns where those can be had that need not come.
    func fetchOwnLayers(
        of target: PlannedImage, _ layers: LayerChain, _ origins: LayerOrigins, _ imported: ImportedCache,
        of request: BuildRequest, _ report: @escaping EventSink
    ) async throws -> LayerOrigins {
        let own = layers.layers.dropFirst(target.base?.layers.count ?? 0)
        var absent = LayerOrigins()
        if request.cache.leavesLayers {
            for layer in own where !store.layers.contains(layer) {
                guard let origin = imported.origins[layer], let source = origin.source as? RegistryClient,
                    origin.descriptor.annotations[CacheDocument.encoderAnnotation] == CacheExporter.imageEncoder,
                    // Without an answer it is fetched, and that says what is wrong.
                    (try? await source.offers(origin.descriptor, in: origin.repository)) == true
                else { continue }
                absent.add(layer, origin.descriptor, in: origin.repository, of: source)
            }
        }
        try await library.fetch(LayerChain(own.filter { absent[$0] == nil }), origins: origins) {
            report(.transfer($0))
        }
        return absent
    }

    func exportCache(
        of request: BuildRequest, _ bases: LayerOrigins, _ imported: ImportedCache, _ report: EventSink,
        _ results: (_ ofEveryStep: Bool) async -> [CacheDocument.Record]
    ) async throws {
        let exporter = CacheExporter(
            store: store, library: library, registry: registry, bases: bases,
            imports: imported.origins)
        for export in request.cache.exports {
            do {
                try await exporter.export(await results(export.isOfEveryStep), to: export.place, export.compression)
            } catch {
                if error is CancellationError || error is LostLayer { throw error }
                let message = "cannot export the cache to `\(export.place)`: \(error)"
                guard export.ignoresErrors else { throw BuildError.infrastructure(message) }
                report(.warning(Diagnostic(.warning, message, at: nil)))
            }
        }
    }
}
