/// One line of what some program wrote, as a terminal may be given it: no control characters, no escape sequences, no
/// switches of the writing direction; tabs are spaces. What the program wrote over, by going back to the begin of the
/// line, is gone, as it would be on its own terminal.
package struct PrintableText: Hashable, Sendable {
    package let text: String

    package init(_ text: some StringProtocol) {
        var filter = TerminalFilter()
        for scalar in text.unicodeScalars { filter.add(scalar) }
        self.text = String(filter.printable)
    }

    package init(_ bytes: some Collection<UInt8>) { self.init(String(decoding: bytes, as: UTF8.self)) }
}

/// The parts of ECMA-48 that tell where an escape sequence ends.
private struct TerminalFilter {
    private enum State {
        case text
        case escape
        /// After intermediate bytes of a short sequence.
        case escapeIntermediate
        case controlSequence
        /// Operating system commands and their like: up to their terminator.
        case string
        case stringEscape
    }

    private(set) var printable = String.UnicodeScalarView()
    private var state = State.text
    private var columns = 0
    private var isReturned = false
    /// Marks on the last character.
    private var marks = 0

    private static let tabStop = 8
    /// More of them on one character are no language's.
    private static let mostMarks = 8

    mutating func add(_ scalar: Unicode.Scalar) {
        switch state {
        case .text: addText(scalar)
        case .escape: addEscape(scalar)
        case .escapeIntermediate:
            if !(0x20...0x2F).contains(scalar.value) { endSequence(with: scalar) }
        case .controlSequence:
            if !(0x20...0x3F).contains(scalar.value) { endSequence(with: scalar) }
        case .string:
            switch scalar.value {
            case 0x07, 0x9C: state = .text
            case 0x1B: state = .stringEscape
            default: break
            }
        case .stringEscape: state = scalar.value == 0x1B ? .stringEscape : scalar == "\\" ? .text : .string
        }
    }

    private mutating func addEscape(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "[": state = .controlSequence
        case "]", "P", "X", "^", "_": state = .string
        case "\u{20}"..."\u{2F}": state = .escapeIntermediate
        default: endSequence(with: scalar)
        }
    }

    /// The final byte belongs to the sequence; a control character or one beyond ASCII breaks it off.
    private mutating func endSequence(with scalar: Unicode.Scalar) {
        state = .text
        if scalar.value < 0x20 || scalar.value > 0x7E { addText(scalar) }
    }

    private mutating func addText(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x20...0x7E: append(scalar, columns: 1)
        case 0x1B: state = .escape
        case 0x9B: state = .controlSequence
        case 0x90, 0x98, 0x9D, 0x9E, 0x9F: state = .string
        case 0x08: stepBack()
        case 0x09:
            for _ in 0..<(Self.tabStop - columns % Self.tabStop) { append(" ", columns: 1) }
        case 0x0A, 0x0B, 0x0C, 0x2028, 0x2029: append(" ", columns: 1)
        case 0x0D: isReturned = true
        default: addCharacter(scalar)
        }
    }

    private mutating func addCharacter(_ scalar: Unicode.Scalar) {
        switch scalar.properties.generalCategory {
        case .control, .surrogate: return
        // Joiners shape letters and emoji; the others are invisible or turn text around.
        case .format where scalar.value != 0x200C && scalar.value != 0x200D: return
        default: break
        }
        let width = DisplayWidth.of(scalar)
        if width == 0 {
            // A mark without a character would land on whatever stands before this line.
            guard !printable.isEmpty, !isReturned, marks < Self.mostMarks else { return }
            marks += 1
            printable.append(scalar)
        } else {
            append(scalar, columns: width)
        }
    }

    private mutating func append(_ scalar: Unicode.Scalar, columns width: Int) {
        if isReturned {
            printable.removeAll(keepingCapacity: true)
            columns = 0
            isReturned = false
        }
        printable.append(scalar)
        columns += width
        marks = 0
    }

    private mutating func stepBack() {
        while let last = printable.popLast() {
            let width = DisplayWidth.of(last)
            columns -= width
            if width > 0 { return }
        }
    }
}
