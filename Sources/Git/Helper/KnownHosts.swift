import Glibc

/// OpenSSH's list of server keys (sshd(8), SSH_KNOWN_HOSTS): `host[,host] type base64`. Hashed host names are skipped:
/// the list is written for machines, and plain names can be checked by people.
struct KnownHosts {
    enum Verdict {
        case trusted
        /// The host is listed with another key.
        case changed
        case unknown
    }

    private var keys: [String: Set<String>] = [:]
    private var revoked: Set<String> = []

    init(path: String) throws(GitError) {
        guard let file = fopen(path, "r") else {
            throw GitError(.untrustedServer, "cannot read known hosts `\(path)`: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while text.count < 16 << 20 {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            text += buffer[..<count]
        }
        self.init(text: String(decoding: text, as: UTF8.self))
    }

    init(text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.first, first.first != "#" else { continue }
            if first == "@revoked", words.count >= 4 {
                revoked.insert(String(words[3]))
                continue
            }
            if first.first == "@" { continue }
            guard words.count >= 3 else { continue }
            words.removeFirst()
            for host in first.split(separator: ",") where host.first != "|" {
                keys[host.lowercased(), default: []].insert(String(words[1]))
            }
        }
    }

    func verdict(on key: [UInt8], of host: String, port: UInt16) -> Verdict {
        let encoded = key.withUnsafeBytes { Base64.encode($0, padded: true) }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let name = port == 22 ? bare : "[\(bare)]:\(port)"
        guard !revoked.contains(encoded) else { return .changed }
        guard let known = keys[name] else { return .unknown }
        return known.contains(encoded) ? .trusted : .changed
    }
}

/// RFC 4648 §4.
enum Base64 {
    static func encode(_ bytes: some Collection<UInt8>, padded: Bool) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> count & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << (6 - count) & 63)]) }
        while padded, text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }
}
