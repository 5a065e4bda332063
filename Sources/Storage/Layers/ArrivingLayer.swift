import Archive
import OCI
import Synchronization

/// A layer whose blob is on its way: the blob as it comes, the tar that comes out of it, what its headers say.
///
/// `decode` is called on one thread, everything else on another.
final class ArrivingLayer: @unchecked Sendable {
    private let descriptor: Descriptor
    private let blob: ArrivingBlob
    private let tar: PendingFile
    private let decompressor: Decompressor
    private var reader: TarReader
    /// What is wrong with the content. Thrown once the blob is known to be what was promised: otherwise that is what is
    /// wrong.
    private let refusal = Mutex<ArchiveError?>(nil)
    /// What ended the decoding: nothing to an archive that had ended before, where that is enough.
    private let interruption = Mutex<ArchiveError?>(nil)
    private let stopsAtEnd: Bool

    init(_ descriptor: Descriptor, store: LayerStore, keepsBlob: Bool, stopsAtEnd: Bool, sizeLimit: Int64) throws {
        self.descriptor = descriptor
        self.stopsAtEnd = stopsAtEnd
        reader = TarReader(stopsAtEnd: stopsAtEnd)
        blob = try ArrivingBlob(descriptor, file: keepsBlob ? store.blobs.pending() : nil)
        tar = try store.pending()
        // What the bytes say counts, not the media type: registries hold both wrong pairs.
        decompressor = Decompressor(limit: sizeLimit)
    }

    /// Bytes of the blob that have not come.
    var missing: Int64 { blob.missing }

    func receive(_ bytes: [UInt8]) throws { try blob.write(bytes) }

    func endBlob() throws { try blob.finish() }

    /// The next piece of the tar, empty after the last that `bytes` allow. The same bytes are passed until then; nil
    /// stands for the end of the blob.
    func decode(_ bytes: [UInt8]?) -> [UInt8]? {
        if refusal.withLock({ $0 != nil }) || interruption.withLock({ $0 != nil }) { return nil }
        if !isFed {
            if let bytes { decompressor.push(bytes) } else { decompressor.finish() }
            isFed = true
        }
        var failure: ArchiveError?
        let piece = [UInt8](unsafeUninitializedCapacity: 4 << 20) { buffer, count in
            do throws(ArchiveError) {
                count = try decompressor.pull(into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
            }
        }
        if let failure { interruption.withLock { $0 = failure } }
        if piece.isEmpty { isFed = false }
        return piece
    }

    private var isFed = false

    func write(_ piece: [UInt8]) throws {
        guard refusal.withLock({ $0 == nil }) else { return }
        let start = reader.position
        do throws(ArchiveError) { try reader.feed(piece) } catch { return refuse(error) }
        let count = Int(reader.position - start)
        try tar.write(count == piece.count ? piece : Array(piece[..<count]))
    }

    func discard() {
        blob.discard()
        tar.discard()
    }

    private func refuse(_ error: ArchiveError) { refusal.withLock { $0 = $0 ?? error } }

    func publish(in store: LayerStore, expecting diffID: DiffID?) throws -> Layer {
        if !(stopsAtEnd && reader.isAtEnd), let failure = interruption.withLock({ $0 }) { refuse(failure) }
        do throws(ArchiveError) { try reader.finish() } catch { refuse(error) }
        if let refusal = refusal.withLock({ $0 }) {
            throw StorageError(
                refusal.code == .limit ? .limit : .invalidLayer, "layer `\(descriptor.digest)` is refused",
                cause: refusal)
        }
        let layer = try store.publish(tar, entries: reader.entries, expecting: diffID, durable: true)
        try blob.publish()
        return layer
    }
}
