import Glibc
import Linux
import SystemPackage
import Testing

@Suite(.enabled(if: geteuid() == 0, "mounting needs root"), .timeLimit(.minutes(1)))
struct DetachedMountTests {
    @Test func memoryHoldsNoMoreThanItsSize() throws {
        let mount = try DetachedMount.tmpfs(size: 1 << 20)
        let file = try FileCreation.makeFile(named: Array("f".utf8), in: mount.rawValue)
        let error = #expect(throws: SystemError.self) { try file.write([UInt8](repeating: 1, count: 2 << 20)) }
        #expect(error?.errno.rawValue == ENOSPC)
    }

    @Test func overlayShowsLowerLayersAndTakesWrites() throws {
        let lower = SharedDescriptor(try DetachedMount.tmpfs(size: 1 << 20).release())
        let upper = try DetachedMount.tmpfs(size: 1 << 20)
        _ = try FileCreation.makeFile(named: Array("below".utf8), in: lower.rawValue)
        for name in ["upper", "work"] { try FileCreation.make(.directory, named: Array(name.utf8), in: upper.rawValue) }
        let directory = SharedDescriptor(
            try OwnedDescriptor.open("upper", at: upper.rawValue, flags: OpenFlags.directory))
        let work = SharedDescriptor(
            try OwnedDescriptor.open("work", at: upper.rawValue, flags: OpenFlags.directory))
        let overlay = try DetachedMount.overlay(lowers: [lower], upper: (directory, work))
        _ = try FileCreation.makeFile(named: Array("above".utf8), in: overlay.rawValue)
        #expect(unlinkat(overlay.rawValue, "below", 0) == 0)
        #expect(try DirectoryListing.names(in: overlay.rawValue) == [Array("above".utf8)])
        #expect(try DirectoryListing.names(in: lower.rawValue) == [Array("below".utf8)])
        let whiteout = try FileStatus.of(Array("below".utf8), in: directory.rawValue)
        #expect(whiteout.kind == .characterDevice && whiteout.deviceNumber == (0, 0))
    }

    @Test func idsOfACloneAreMapped() throws {
        let mount = try DetachedMount.tmpfs(size: 1 << 20)
        let name = Array("f".utf8)
        _ = try FileCreation.makeFile(named: name, in: mount.rawValue)
        #expect(fchownat(mount.rawValue, "f", 5, 70_000, 0) == 0)
        let ids = IDMapping(base: 300_000)
        let clone = try mount.idmapped(by: UserNamespace(ids))
        let status = try FileStatus.of(name, in: clone.rawValue)
        #expect(status.uid == 300_005)
        // Beyond the range: nobody.
        #expect(status.gid == 65_534)
        #expect(try FileStatus.of(name, in: mount.rawValue).uid == 5)
        #expect(ids.inside(status.uid) == 5)
        #expect(ids.inside(299_999) == nil && ids.inside(365_536) == nil && ids.outside(65_536) == nil)
    }

    @Test func refusalsCarryTheKernelsMessage() throws {
        let error = #expect(throws: MountError.self) { _ = try DetachedMount.tmpfs(size: 4096, mode: "everybody") }
        #expect(error?.errno == .invalidArgument)
        #expect(error?.description.contains("Bad value for 'mode'") == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test func namespaceHoldersLeaveNoProcess() throws {
        func children() throws -> String {
            let file = try OwnedDescriptor.open("/proc/thread-self/children")
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while case let count = try file.readNext(into: &chunk), count > 0 { bytes += chunk[..<count] }
            return String(decoding: bytes, as: UTF8.self)
        }
        let before = try children()
        for _ in 0..<10 { _ = try UserNamespace(IDMapping(base: 400_000)) }
        #expect(try children() == before)
    }
}
