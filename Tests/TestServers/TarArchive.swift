/// An archive of entries as any program could have made it: nothing is checked.
package struct TarArchive {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    @discardableResult
    package mutating func add(
        _ name: String, type: Character = "0", content: String = "", link: String = "", mode: Int = 0o644,
        device: (Int, Int) = (0, 0)
    ) -> TarArchive {
        let data = Array(content.utf8)
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(name, at: 0)
        put(octal(mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(data.count, 11), at: 124)
        put(octal(1_000_000_000, 11), at: 136)
        put("        ", at: 148)
        put(String(type), at: 156)
        put(link, at: 157)
        put("ustar\u{0}00", at: 257)
        put(octal(device.0, 7), at: 329)
        put(octal(device.1, 7), at: 337)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", at: 148)
        bytes += header + data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
        return self
    }

    package var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    package static func of(_ build: (inout TarArchive) -> Void) -> [UInt8] {
        var archive = TarArchive()
        build(&archive)
        return archive.finished
    }
}
