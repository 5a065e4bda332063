/// Makes the checksums of an archive's headers true.
enum TarSealing {
    private static let block = 512
    private static let size = 124..<136
    private static let checksum = 148..<156

    static func seal(_ archive: UnsafeMutableBufferPointer<UInt8>) {
        var start = 0
        while start + block <= archive.count {
            let header = UnsafeMutableBufferPointer(rebasing: archive[start..<start + block])
            start += block
            guard header.contains(where: { $0 != 0 }) else { continue }
            seal(header: header)
            // Content that does not fit was not meant: what follows is taken for a header.
            let content = (number(header[size]) + block - 1) / block * block
            if start + content <= archive.count { start += content }
        }
    }

    private static func seal(header: UnsafeMutableBufferPointer<UInt8>) {
        for index in checksum { header[index] = UInt8(ascii: " ") }
        var sum = header.reduce(0) { $0 + Int($1) }
        for index in (checksum.lowerBound..<checksum.lowerBound + 6).reversed() {
            header[index] = UInt8(ascii: "0") + UInt8(sum & 7)
            sum >>= 3
        }
        header[checksum.lowerBound + 6] = 0
    }

    private static func number(_ digits: Slice<UnsafeMutableBufferPointer<UInt8>>) -> Int {
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { break }
            number = number << 3 | Int(digit & 7)
        }
        return number
    }
}
