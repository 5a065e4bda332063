/// Fields separated by commas, as RFC 4180 has them: one with a comma or a quote stands in quotes.
enum CommaSeparated {
    /// nil if a quote does not end, or something follows one.
    static func fields(of text: String) -> [String]? {
        var fields: [String] = []
        var rest = text.unicodeScalars[...]
        while true {
            if rest.first == "\"" {
                guard let field = quoted(&rest) else { return nil }
                fields.append(field)
            } else {
                let field = rest.prefix { $0 != "," }
                fields.append(String(field))
                rest = rest[field.endIndex...]
            }
            guard let next = rest.popFirst() else { return fields }
            guard next == "," else { return nil }
        }
    }

    private static func quoted(_ rest: inout Substring.UnicodeScalarView) -> String? {
        rest.removeFirst()
        var field = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            if scalar != "\"" {
                field.append(scalar)
            } else if rest.first == "\"" {
                rest.removeFirst()
                field.append("\"")
            } else {
                return String(field)
            }
        }
        return nil
    }
}
