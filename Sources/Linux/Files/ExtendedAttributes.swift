internal import CLinux
import Glibc
import SystemPackage

/// Extended attributes of the file `name` in a directory, or of the directory itself under the name `.`. A symbolic
/// link is not followed.
package enum ExtendedAttributes {
    /// None where the file system has no attributes.
    package static func names(of name: [UInt8], in directory: CInt) throws(SystemError) -> [[UInt8]] {
        var size = 512
        while true {
            var list = [UInt8](repeating: 0, count: size)
            let count = path(name, directory).withUnsafeBytes { path in
                list.withUnsafeMutableBytes { caisson_list_attributes(path.text, $0.baseAddress, $0.count) }
            }
            if count >= 0 { return list[..<count].split(separator: 0).map(Array.init) }
            if errno == ENOTSUP { return [] }
            guard errno == ERANGE, size < maximumSize else {
                throw SystemError("list the attributes of", String(decoding: name, as: UTF8.self))
            }
            size = maximumSize
        }
    }

    package static func value(
        of attribute: [UInt8], of name: [UInt8], in directory: CInt
    ) throws(SystemError) -> [UInt8] {
        var value = [UInt8](repeating: 0, count: maximumSize)
        let count = try check("read the attributes of", String(decoding: name, as: UTF8.self)) {
            path(name, directory).withUnsafeBytes { path in
                (attribute + [0]).withUnsafeBytes { attribute in
                    value.withUnsafeMutableBytes {
                        caisson_get_attribute(path.text, attribute.text, $0.baseAddress, $0.count)
                    }
                }
            }
        }
        return Array(value[..<count])
    }

    package static func set(
        _ attribute: [UInt8], to value: [UInt8], of name: [UInt8], in directory: CInt
    ) throws(SystemError) {
        let text = String(decoding: attribute, as: UTF8.self)
        try check("set the attribute `\(text)` of", String(decoding: name, as: UTF8.self)) {
            path(name, directory).withUnsafeBytes { path in
                (attribute + [0]).withUnsafeBytes { attribute in
                    value.withUnsafeBytes {
                        caisson_set_attribute(path.text, attribute.text, $0.baseAddress, $0.count)
                    }
                }
            }
        }
    }

    /// What the kernel allows of a list and of a value.
    private static let maximumSize = 65536

    // No call takes a directory and a name before Linux 6.13.
    private static func path(_ name: [UInt8], _ directory: CInt) -> [UInt8] {
        Array("/proc/self/fd/\(directory)/".utf8) + name + [0]
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var text: UnsafePointer<CChar> { baseAddress!.assumingMemoryBound(to: CChar.self) }
}
