/// How many columns text takes on a terminal. Where terminals differ (emoji sequences) it is the larger number, so that
/// a line is never longer than it says.
package enum DisplayWidth {
    package static func of(_ text: some StringProtocol) -> Int { text.unicodeScalars.reduce(0) { $0 + of($1) } }

    package static func of(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value) ? 1 : 0 }
        // A text symbol with this selector becomes an emoji, which is one column wider.
        if scalar.value == 0xFE0F { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator: return 0
        default: break
        }
        // Vowels and finals that join the syllable before them.
        if (0x1160...0x11FF).contains(scalar.value) { return 0 }
        return isWide(scalar) || scalar.properties.isEmojiPresentation ? 2 : 1
    }

    /// The longest begin of `text` that takes at most `columns`.
    package static func prefix(_ text: String, columns: Int) -> Substring {
        var rest = columns
        var end = text.unicodeScalars.startIndex
        for index in text.unicodeScalars.indices {
            rest -= of(text.unicodeScalars[index])
            if rest < 0 { break }
            end = text.unicodeScalars.index(after: index)
        }
        return text[..<end]
    }

    /// Unicode Standard Annex 11, classes W and F, in blocks.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x1100 else { return false }
        return wide.contains { $0.contains(scalar.value) }
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6B, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
        0x16FE0...0x18DFF, 0x1AFF0...0x1B2FB, 0x1D300...0x1D376, 0x1F200...0x1F265, 0x20000...0x3FFFD,
    ]
}
