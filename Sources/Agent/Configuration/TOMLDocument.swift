// TOML 1.0 (https://toml.io/en/v1.0.0) into positioned values: what the libraries at hand parse comes without places, and
// every mistake in agent.conf shall be shown where it stands. Dates have no use there and are refused.

import Pipeline

enum TOMLDocument {
    /// The document in `source` as one table.
    static func parse(_ source: ConfigSource) throws(ConfigError) -> ConfigValue {
        var parser = TOMLParser(source)
        do {
            return try parser.document()
        } catch {
            throw ConfigError([source.error(error.message, at: error.span)])
        }
    }

    /// One value as it stands right of `=`; nil when `text` is none.
    static func value(_ text: String) -> ConfigValue? {
        var parser = TOMLParser(ConfigSource(name: "", text: text))
        return try? parser.onlyValue()
    }
}

struct TOMLError: Error {
    let message: String
    let span: SourceSpan
}

/// A table being built up: headers and dotted keys may add to it later, as far as TOML allows.
final class TOMLTable {
    enum Origin {
        /// Made by the way to a deeper header: `a` of `[a.b]`. May be given its own header once.
        case implied
        case header
        /// Made by a dotted key; only dotted keys of the same section add to it.
        case dotted
        /// `{ … }`: complete as it stands.
        case inline
    }

    enum Item {
        case value(ConfigValue)
        case table(TOMLTable)
        case tables([TOMLTable])
    }

    var origin: Origin
    let span: SourceSpan
    private var order: [String] = []
    private var items: [String: (span: SourceSpan, item: Item)] = [:]

    init(_ origin: Origin, at span: SourceSpan) {
        self.origin = origin
        self.span = span
    }

    subscript(key: TOMLKey) -> Item? {
        get { items[key.name]?.item }
        set {
            if items[key.name] == nil { order.append(key.name) }
            items[key.name] = newValue.map { (items[key.name]?.span ?? key.span, $0) }
        }
    }

    var value: ConfigValue {
        ConfigValue(
            .table(
                order.compactMap { name in
                    items[name].map { ConfigEntry(name: name, at: $0.span, value: $0.item.value) }
                }), at: span)
    }
}

extension TOMLTable.Item {
    fileprivate var value: ConfigValue {
        switch self {
        case .value(let value): value
        case .table(let table): table.value
        case .tables(let tables): ConfigValue(.list(tables.map(\.value)), at: tables.first?.span ?? .start)
        }
    }
}

struct TOMLKey {
    let name: String
    let span: SourceSpan
}
