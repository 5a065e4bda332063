import Synchronization

/// Puts `****` in the place of secrets in what a step writes, also where a write ends within one.
///
/// Of a secret of several lines every line counts that is long enough to be no coincidence, and so does the secret
/// without the line end at its end. Secrets of fewer than four bytes are not looked for: they are in every word.
package final class Redaction: Sendable {
    private let patterns: [[UInt8]]
    /// Whether a pattern begins with the byte.
    private let begins: [Bool]
    private let held = Mutex<[OutputChannel: [UInt8]]>([:])

    private static let mark = Array("****".utf8)
    private static let shortest = 4
    private static let shortestLine = 8

    package init(_ secrets: [Secret]) {
        var patterns: Set<[UInt8]> = []
        for secret in secrets {
            let text = secret.bytes.dropLastLineEnd()
            if text.count >= Self.shortest { patterns.insert(Array(text)) }
            for line in text.split(separator: UInt8(ascii: "\n")) {
                let line = line.dropLastLineEnd()
                if line.count >= Self.shortestLine { patterns.insert(Array(line)) }
            }
        }
        // The longest that matches is taken.
        self.patterns = patterns.sorted { $0.count > $1.count }
        var begins = [Bool](repeating: false, count: 256)
        for pattern in patterns { begins[Int(pattern[0])] = true }
        self.begins = begins
    }

    /// What can be shown of what was written so far.
    package func pass(_ bytes: [UInt8], of channel: OutputChannel) -> [UInt8] {
        if patterns.isEmpty { return bytes }
        return held.withLock { held in
            let (shown, rest) = split((held[channel] ?? []) + bytes, isLast: false)
            held[channel] = rest
            return shown
        }
    }

    /// What was held back when the stream ends.
    package func end(of channel: OutputChannel) -> [UInt8] {
        split(held.withLock { $0.removeValue(forKey: channel) ?? [] }, isLast: true).shown
    }

    private func split(_ bytes: [UInt8], isLast: Bool) -> (shown: [UInt8], rest: [UInt8]) {
        var shown: [UInt8] = []
        shown.reserveCapacity(bytes.count)
        var start = 0
        var index = 0
        while index < bytes.count {
            guard begins[Int(bytes[index])] else {
                index += 1
                continue
            }
            let rest = bytes[index...]
            if !isLast, patterns.contains(where: { $0.count > rest.count && $0.starts(with: rest) }) {
                shown += bytes[start..<index]
                return (shown, Array(rest))
            }
            if let pattern = patterns.first(where: { rest.starts(with: $0) }) {
                shown += bytes[start..<index]
                shown += Self.mark
                index += pattern.count
                start = index
            } else {
                index += 1
            }
        }
        shown += bytes[start...]
        return (shown, [])
    }
}

extension Collection<UInt8> where SubSequence: BidirectionalCollection {
    fileprivate func dropLastLineEnd() -> SubSequence {
        var text = self[...]
        while let last = text.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { text = text.dropLast() }
        return text
    }
}
