/// The tar format as its readers and writer here share it: POSIX.1-2017 pax with its ustar headers
/// (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06) and the extensions of GNU tar
/// (https://www.gnu.org/software/tar/manual/html_node/Standard.html).
///
/// An archive is a sequence of 512-byte blocks. An entry is a header block and its content padded to a block; extra
/// headers before it (`x`, `g`, `L`, `K`) hold what does not fit. Two zero blocks end it.
package enum Tar {
    package static let blockSize = 512

    /// `size` rounded up to whole blocks.
    package static func padded(_ size: Int64) -> Int64 { (size + 511) & ~511 }

    /// Where the fields of a header block lie.
    enum Field {
        static let name = 0..<100
        static let mode = 100..<108
        static let uid = 108..<116
        static let gid = 116..<124
        static let size = 124..<136
        static let modified = 136..<148
        static let checksum = 148..<156
        static let type = 156
        static let linkName = 157..<257
        static let magic = 257..<265
        static let deviceMajor = 329..<337
        static let deviceMinor = 337..<345
        static let prefix = 345..<500
    }

    enum TypeFlag {
        static let oldFile: UInt8 = 0
        static let file = UInt8(ascii: "0")
        static let hardLink = UInt8(ascii: "1")
        static let symbolicLink = UInt8(ascii: "2")
        static let characterDevice = UInt8(ascii: "3")
        static let blockDevice = UInt8(ascii: "4")
        static let directory = UInt8(ascii: "5")
        static let fifo = UInt8(ascii: "6")
        static let contiguousFile = UInt8(ascii: "7")
        static let extendedHeader = UInt8(ascii: "x")
        static let solarisExtendedHeader = UInt8(ascii: "X")
        static let globalHeader = UInt8(ascii: "g")
        static let gnuLongName = UInt8(ascii: "L")
        static let gnuLongLink = UInt8(ascii: "K")
        static let gnuSparse = UInt8(ascii: "S")
        static let gnuVolume = UInt8(ascii: "V")
    }

    /// The sum of a header's bytes with the checksum field read as spaces.
    static func checksum(_ block: UnsafeRawBufferPointer) -> Int {
        var sum = 8 * Int(UInt8(ascii: " "))
        for byte in block { sum += Int(byte) }
        for byte in block[Field.checksum] { sum -= Int(byte) }
        return sum
    }
}
