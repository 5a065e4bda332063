internal import CCrypto

/// Digests that other formats name things by. Nothing of an image rests on them: that is `Digest`.
package enum MessageDigest: Sendable {
    case md5
    case sha1
    case sha512

    package func bytes(of message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 64)
        var count: UInt32 = 0
        precondition(EVP_Digest(message, message.count, &digest, &count, type, nil) == 1)
        return Array(digest[..<Int(count)])
    }

    package func hexadecimal(of message: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes(of: message).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    private var type: OpaquePointer? {
        switch self {
        case .md5: EVP_md5()
        case .sha1: EVP_sha1()
        case .sha512: EVP_sha512()
        }
    }
}
