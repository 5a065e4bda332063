/// One `--device` of a RUN: which devices of the host the command gets, as its author names them.
package struct DeviceOption: Hashable, Sendable {
    /// `vendor/class=name`, `vendor/class=*`, `vendor/class`, or what several devices are called together.
    package private(set) var name = ""
    /// Without it the command runs where there is no such device.
    package private(set) var isRequired = false
    package let range: SourceRange

    private static let keys = ["name", "required"]

    init(_ text: String, range: SourceRange) throws(MountError) {
        self.range = range
        guard let fields = CommaSeparatedValues.split(text) else {
            throw MountError("the device `\(text)` has an open quote")
        }
        for field in fields {
            let equals = field.firstIndex(of: "=")
            let key = field[..<(equals ?? field.endIndex)].lowercased()
            let value = equals.map { String(field[field.index(after: $0)...]) }
            switch key {
            case "required": isRequired = try Self.bool(value)
            case "name" where equals != nil: try setName(value ?? "")
            case _ where name.isEmpty: try setName(field)
            default:
                throw MountError(
                    "unknown device option `\(field)`",
                    hint: Suggestion.hint(for: key, among: Self.keys) ?? "repeat --device for another device")
            }
        }
        guard !name.isEmpty else { throw MountError("--device names no device", hint: Self.forms) }
    }

    private mutating func setName(_ text: String) throws(MountError) {
        guard name.isEmpty else {
            throw MountError("--device names two devices", hint: "repeat --device for the other")
        }
        guard !text.contains("$") else { throw MountError("--device takes no variables") }
        name = text
    }

    private static let forms = "write --device=vendor/class=name, --device=vendor/class=* or --device=vendor/class"

    private static func bool(_ value: String?) throws(MountError) -> Bool {
        switch value?.lowercased() {
        case nil, "true", "1": return true
        case "false", "0": return false
        case let other?: throw MountError("`required` is either true or false, not `\(other)`")
        }
    }
}
