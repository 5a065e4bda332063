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
            let count = (name + [0]).withUnsafeBytes { name in
                list.withUnsafeMutableBytes { caisson_list_attributes(directory, name.text, $0.baseAddress, $0.count) }
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
            (name + [0]).withUnsafeBytes { file in
                (attribute + [0]).withUnsafeBytes { attribute in
                    value.withUnsafeMutableBytes {
                        caisson_get_attribute(directory, file.text, attribute.text, $0.baseAddress, $0.count)
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
            (name + [0]).withUnsafeBytes { file in
                (attribute + [0]).withUnsafeBytes { attribute in
                    value.withUnsafeBytes {
                        caisson_set_attribute(directory, file.text, attribute.text, $0.baseAddress, $0.count)
                    }
                }
            }
        }
    }

    /// What the kernel allows of a list and of a value.
    private static let maximumSize = 65536
}

extension UnsafeRawBufferPointer {
    fileprivate var text: UnsafePointer<CChar> { baseAddress!.assumingMemoryBound(to: CChar.self) }
}
