/// Makes the checksums of an archive's headers true, and the lengths of records in pax headers where they have room.
enum TarSealing {
    private static let block = 512
    private static let size = 124..<136
    private static let checksum = 148..<156
    private static let typeFlag = 156

    static func seal(_ archive: UnsafeMutableBufferPointer<UInt8>) {
        var start = 0
        while start + block <= archive.count {
            let header = UnsafeMutableBufferPointer(rebasing: archive[start..<start + block])
            start += block
            guard header.contains(where: { $0 != 0 }) else { continue }
            seal(header: header)
            // Content that does not fit was not meant: what follows is taken for a header.
            let content = (number(header[size]) + block - 1) / block * block
            guard start + content <= archive.count else { continue }
            if [UInt8(ascii: "x"), UInt8(ascii: "g")].contains(header[typeFlag]) {
                let length = number(header[size])
                measure(records: UnsafeMutableBufferPointer(rebasing: archive[start..<start + length]))
            }
            start += content
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

    /// A record ends with its line.
    private static func measure(records: UnsafeMutableBufferPointer<UInt8>) {
        for line in records.indices.split(omittingEmptySubsequences: true, whereSeparator: { records[$0] == 0x0A }) {
            let digits = line.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(records[$0]) }
            let length = String(line.count + 1).utf8
            guard digits.count == length.count else { continue }
            for (index, digit) in zip(digits, length) { records[index] = digit }
        }
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
