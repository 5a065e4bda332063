internal import CLinux
import Glibc
import SystemPackage

/// A file system being configured (fsopen(2)). Options are set one by one, so no page limits them; what the kernel has
/// to say about a refusal is read back.
struct FilesystemContext: ~Copyable {
    private let type: String
    private let descriptor: OwnedDescriptor

    init(_ type: String) throws(MountError) {
        self.type = type
        do {
            descriptor = OwnedDescriptor(adopting: try check("open the file system", type) { caisson_fsopen(type) })
        } catch {
            throw MountError(error)
        }
    }

    borrowing func set(_ key: String) throws(MountError) {
        try configure("set the option `\(key)` of", { caisson_fsconfig_flag($0, key) })
    }

    borrowing func set(_ key: String, _ value: String) throws(MountError) {
        try configure("set the option `\(key)=\(value)` of", { caisson_fsconfig_string($0, key, value) })
    }

    /// Sets an option whose value is a file; kernels that want a path there get one that leads to the same file.
    borrowing func set(_ key: String, file: SharedDescriptor) throws(MountError) {
        if caisson_fsconfig_descriptor(descriptor.rawValue, key, file.rawValue) == 0 { return }
        _ = messages()
        try set(key, "/proc/self/fd/\(file.rawValue)")
    }

    /// Makes the superblock and one mount of it, which no namespace shows.
    borrowing func mount(attributes: DetachedMount.Attributes) throws(MountError) -> DetachedMount {
        try configure("mount", caisson_fsconfig_create)
        let mount = try configure("mount", { caisson_fsmount($0, attributes.rawValue) })
        return DetachedMount(OwnedDescriptor(adopting: mount))
    }

    @discardableResult
    private borrowing func configure(_ operation: String, _ call: (CInt) -> CInt) throws(MountError) -> CInt {
        let raw = descriptor.rawValue
        do {
            return try check(operation, type) { call(raw) }
        } catch {
            throw MountError(error, kernelMessages: messages())
        }
    }

    /// What the kernel has said since it was last asked. Each message starts with a letter for its weight and a space.
    private borrowing func messages() -> [String] {
        var messages: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while true {
            let raw = descriptor.rawValue
            let count = buffer.withUnsafeMutableBytes { Glibc.read(raw, $0.baseAddress, $0.count) }
            if count <= 0 { return messages }
            var text = buffer[..<count]
            if text.last == UInt8(ascii: "\n") { text.removeLast() }
            if text.dropFirst().first == UInt8(ascii: " ") { text = text.dropFirst(2) }
            messages.append(String(decoding: text, as: UTF8.self))
        }
    }
}
