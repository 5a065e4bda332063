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
            let count = caisson_list_attributes(directory, text(name), &list, size)
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
            caisson_get_attribute(directory, text(name), text(attribute), &value, maximumSize)
        }
        return Array(value[..<count])
    }

    package static func set(
        _ attribute: [UInt8], to value: [UInt8], of name: [UInt8], in directory: CInt
    ) throws(SystemError) {
        let operation = "set the attribute `\(String(decoding: attribute, as: UTF8.self))` of"
        try check(operation, String(decoding: name, as: UTF8.self)) {
            caisson_set_attribute(directory, text(name), text(attribute), value, value.count)
        }
    }

    /// What the kernel allows of a list and of a value.
    private static let maximumSize = 65536

    private static func text(_ bytes: [UInt8]) -> [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }
}
