/// The value of `--chmod`: octal digits, or symbolic changes as chmod(1) takes them, with umask 0.
package enum FileModeChange: Hashable, Sendable {
    /// Replaces the mode of files and directories alike.
    case octal(UInt16)
    case symbolic([Clause])

    package struct Clause: Hashable, Sendable {
        /// The permission bits the clause is about: 0o700, 0o070, 0o007 or several.
        fileprivate let who: UInt16
        fileprivate let actions: [Action]
    }

    fileprivate struct Action: Hashable, Sendable {
        let operation: UInt8
        /// `rwxXst`, or one of `ugo` to copy from.
        let permissions: [UInt8]
    }

    /// Nil when the text is no mode.
    package init?(_ text: String) {
        guard let first = text.utf8.first else { return nil }
        if first.isASCIIDigit {
            guard text.utf8.allSatisfy({ (0x30...0x37).contains($0) }), let mode = UInt16(text, radix: 8),
                mode <= 0o7777
            else { return nil }
            self = .octal(mode)
            return
        }
        var clauses: [Clause] = []
        for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard let clause = Self.clause(part) else { return nil }
            clauses.append(clause)
        }
        self = .symbolic(clauses)
    }

    private static func clause(_ text: Substring.UTF8View) -> Clause? {
        var rest = text[...]
        var who: UInt16 = 0
        while let byte = rest.first, let bits = Self.who(byte) {
            who |= bits
            rest = rest.dropFirst()
        }
        var actions: [Action] = []
        while let operation = rest.first {
            guard "+-=".utf8.contains(operation) else { return nil }
            let permissions = rest.dropFirst().prefix { !"+-=".utf8.contains($0) }
            let isCopy = permissions.count == 1 && permissions.allSatisfy { "ugo".utf8.contains($0) }
            guard isCopy || permissions.allSatisfy({ "rwxXst".utf8.contains($0) }) else { return nil }
            actions.append(Action(operation: operation, permissions: Array(permissions)))
            rest = rest.dropFirst(1 + permissions.count)
        }
        return actions.isEmpty ? nil : Clause(who: who == 0 ? 0o777 : who, actions: actions)
    }

    private static func who(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "u"): 0o700
        case UInt8(ascii: "g"): 0o070
        case UInt8(ascii: "o"): 0o007
        case UInt8(ascii: "a"): 0o777
        default: nil
        }
    }

    /// The mode of a file or directory that had `mode`.
    package func applied(to mode: UInt16, isDirectory: Bool) -> UInt16 {
        switch self {
        case .octal(let octal): return octal
        case .symbolic(let clauses):
            var result = mode & 0o7777
            for clause in clauses {
                for action in clause.actions {
                    Self.apply(action, who: clause.who, to: &result, isDirectory: isDirectory)
                }
            }
            return result
        }
    }

    private static func apply(_ action: Action, who: UInt16, to mode: inout UInt16, isDirectory: Bool) {
        var bits: UInt16 = 0
        for permission in action.permissions {
            switch permission {
            case UInt8(ascii: "r"): bits |= 0o444 & who
            case UInt8(ascii: "w"): bits |= 0o222 & who
            case UInt8(ascii: "x"): bits |= 0o111 & who
            case UInt8(ascii: "X"): if isDirectory || mode & 0o111 != 0 { bits |= 0o111 & who }
            case UInt8(ascii: "s"): bits |= (who & 0o700 != 0 ? 0o4000 : 0) | (who & 0o070 != 0 ? 0o2000 : 0)
            case UInt8(ascii: "t"): bits |= 0o1000
            default:
                let shift: UInt16 = permission == UInt8(ascii: "u") ? 6 : permission == UInt8(ascii: "g") ? 3 : 0
                bits |= ((mode >> shift & 0o7) * 0o111) & who
            }
        }
        switch action.operation {
        case UInt8(ascii: "+"): mode |= bits
        case UInt8(ascii: "-"): mode &= ~bits
        default:
            // GNU chmod keeps the set-id bits of directories unless they are named.
            let special: UInt16 = (who & 0o700 != 0 ? 0o4000 : 0) | (who & 0o070 != 0 ? 0o2000 : 0)
            mode = mode & ~(who | (isDirectory ? 0 : special)) | bits
        }
    }
}
