/// What the records of a pax header say: `<length> <key>=<value>\n`, one after the other.
struct ExtendedHeader {
    var path: [UInt8]?
    var linkPath: [UInt8]?
    var size: Int64?
    var uid: Int64?
    var gid: Int64?
    var modified: Timestamp?
    /// By name; a later record of a name counts.
    var attributes: [[UInt8]: [UInt8]] = [:]
    var sparse: Sparse?

    /// GNU's records for sparse files, in three versions.
    struct Sparse {
        var name: [UInt8]?
        var size: Int64?
        var major: Int64 = 0
        var minor: Int64 = 0
        /// Offset, length, offset, length …
        var map: [Int64] = []
    }

    init() {}

    /// Parses the content of a header. Unknown keys are passed over, as POSIX demands.
    init(parsing bytes: [UInt8], limits: TarLimits) throws(ArchiveError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.prefix(8).firstIndex(of: UInt8(ascii: " ")),
                let length = Int(decimal: rest[..<space]), length > space - rest.startIndex + 1, length <= rest.count,
                rest[rest.startIndex + length - 1] == UInt8(ascii: "\n"),
                let equals = rest[(space + 1)..<(rest.startIndex + length)].firstIndex(of: UInt8(ascii: "="))
            else { throw ArchiveError(.corrupt, "an extended header has a malformed record") }
            let end = rest.startIndex + length
            try set(
                String(decoding: rest[(space + 1)..<equals], as: UTF8.self), rest[(space + 1)..<equals],
                rest[(equals + 1)..<(end - 1)], limits)
            rest = rest[end...]
        }
    }

    private mutating func set(
        _ key: String, _ keyBytes: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, _ limits: TarLimits
    ) throws(ArchiveError) {
        switch key {
        case "path": path = try ExtendedHeader.text(value, key)
        case "linkpath": linkPath = try ExtendedHeader.text(value, key)
        case "size": size = try ExtendedHeader.number(value, key)
        case "uid": uid = try ExtendedHeader.number(value, key)
        case "gid": gid = try ExtendedHeader.number(value, key)
        case "mtime": modified = value.isEmpty ? nil : try Timestamp(decimal: value)
        case "GNU.sparse.name": sparse(\.name, try ExtendedHeader.text(value, key))
        case "GNU.sparse.size", "GNU.sparse.realsize": sparse(\.size, try ExtendedHeader.number(value, key))
        case "GNU.sparse.major": sparse(\.major, try ExtendedHeader.number(value, key) ?? 0)
        case "GNU.sparse.minor": sparse(\.minor, try ExtendedHeader.number(value, key) ?? 0)
        case "GNU.sparse.offset", "GNU.sparse.numbytes":
            guard let number = try ExtendedHeader.number(value, key) else { break }
            if sparse == nil { sparse = Sparse() }
            let isOffset = key == "GNU.sparse.offset"
            guard sparse?.map.count.isMultiple(of: 2) == isOffset, (sparse?.map.count ?? 0) < 2 * limits.segments else {
                throw ArchiveError(.corrupt, "the map of a sparse file is malformed or has too many pieces")
            }
            sparse?.map.append(number)
        case "GNU.sparse.map":
            var map: [Int64] = []
            if !value.isEmpty {
                for field in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
                    guard let number = Int64(decimal: field), map.count < 2 * limits.segments else {
                        throw ArchiveError(.corrupt, "the map of a sparse file is malformed or has too many pieces")
                    }
                    map.append(number)
                }
            }
            sparse(\.map, map)
        default:
            guard key.hasPrefix("SCHILY.xattr.") else { break }
            let name = Array(keyBytes.dropFirst("SCHILY.xattr.".utf8.count))
            guard ExtendedHeader.keeps(name) else { break }
            guard name.count <= limits.component, value.count <= limits.attributeValue else {
                throw ArchiveError(.limit, "the attribute `\(ArchiveText.quoted(name))` has \(value.count) bytes")
            }
            attributes[name] = Array(value)
        }
    }

    private mutating func sparse<Value>(_ field: WritableKeyPath<Sparse, Value>, _ value: Value) {
        var changed = sparse ?? Sparse()
        changed[keyPath: field] = value
        sparse = changed
    }

    /// Attributes that mean the same wherever a layer is mounted. `trusted.*` and `user.overlay.*` would let an archive
    /// speak to overlayfs: redirect a lookup into another layer, hide what lies below.
    private static func keeps(_ attribute: [UInt8]) -> Bool {
        if attribute.starts(with: "user.".utf8) { return !attribute.starts(with: "user.overlay.".utf8) }
        return ["security.capability", "system.posix_acl_access", "system.posix_acl_default"]
            .contains { attribute.elementsEqual($0.utf8) }
    }

    /// nil for an empty value, which withdraws the record.
    private static func text(_ value: ArraySlice<UInt8>, _ key: String) throws(ArchiveError) -> [UInt8]? {
        guard !value.contains(0) else {
            throw ArchiveError(.unsafe, "the record `\(key)` of an extended header contains a zero byte")
        }
        return value.isEmpty ? nil : Array(value)
    }

    private static func number(_ value: ArraySlice<UInt8>, _ key: String) throws(ArchiveError) -> Int64? {
        if value.isEmpty { return nil }
        guard let number = Int64(decimal: value) else {
            throw ArchiveError(
                .corrupt,
                "the record `\(key)` of an extended header is no number: `\(ArchiveText.quoted(value.prefix(40)))`")
        }
        return number
    }
}

extension FixedWidthInteger {
    /// Digits and nothing else; nil also for what does not fit.
    init?(decimal digits: some Collection<UInt8>) {
        guard !digits.isEmpty else { return nil }
        var value: Self = 0
        for digit in digits {
            guard digit &- UInt8(ascii: "0") < 10 else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Self(digit - UInt8(ascii: "0")))
            if overflow || carry { return nil }
            value = sum
        }
        self = value
    }
}

extension Timestamp {
    /// `[-]seconds[.fraction]`; digits after the ninth of the fraction are cut.
    init(decimal text: ArraySlice<UInt8>) throws(ArchiveError) {
        let isNegative = text.first == UInt8(ascii: "-")
        let parts = (isNegative ? text.dropFirst() : text).split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : []
        guard let whole = parts.first, let seconds = Int64(decimal: whole),
            fraction.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 })
        else {
            throw ArchiveError(
                .corrupt, "the time `\(ArchiveText.quoted(text.prefix(40)))` of an extended header is malformed")
        }
        var nanoseconds: UInt32 = 0
        for index in 0..<9 {
            let digit = index < fraction.count ? fraction[fraction.startIndex + index] - UInt8(ascii: "0") : 0
            nanoseconds = nanoseconds * 10 + UInt32(digit)
        }
        if !isNegative {
            self.init(seconds: seconds, nanoseconds: nanoseconds)
        } else if nanoseconds == 0 {
            self.init(seconds: -seconds)
        } else {
            self.init(seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
        }
    }
}

/// Bytes of an archive in messages for people.
package enum ArchiveText {
    /// Control characters and quotes are escaped, bytes that are not UTF-8 become replacement characters.
    package static func quoted(_ bytes: some Collection<UInt8>) -> String {
        var text = ""
        for scalar in String(decoding: bytes.prefix(300), as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "`": text += "\\`"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: text += "\\x" + String(scalar.value, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return bytes.count > 300 ? text + "…" : text
    }
}

extension ExtendedHeader {
    /// Both together; of a record in both, this one's counts.
    func merged(over other: ExtendedHeader) -> ExtendedHeader {
        var result = other
        result.uid = uid ?? other.uid
        result.gid = gid ?? other.gid
        result.modified = modified ?? other.modified
        result.attributes.merge(attributes) { $1 }
        return result
    }
}
