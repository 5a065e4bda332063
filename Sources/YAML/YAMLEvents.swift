internal import CYAML

/// The events of a text, one after another, by libyaml (YAML 1.1).
///
/// libyaml owns what an event points to until the next is asked for: everything is copied out of it.
final class YAMLEvents {
    enum Event {
        case documentStart
        case scalar(YAMLNode.Scalar, Properties)
        case sequenceStart(Properties)
        case mappingStart(Properties)
        /// Of the innermost collection.
        case end
        case alias(String)
        case documentEnd
        case streamEnd
    }

    struct Properties {
        let anchor: String?
        let tag: String
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeMutableBufferPointer<UInt8>
    /// Of the last event.
    private(set) var place = YAMLPlace(line: 1, column: 1)

    init(_ bytes: some Collection<UInt8>) {
        parser = .allocate(capacity: 1)
        let bytes = SurrogatePairs.joined(bytes)
        text = .allocate(capacity: bytes.count)
        _ = text.initialize(from: bytes)
        guard yaml_parser_initialize(parser) == 1 else { fatalError("out of memory") }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        text.deallocate()
    }

    func next() throws(YAMLError) -> Event {
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { throw error() }
            defer { yaml_event_delete(&event) }
            place = Self.place(event.start_mark)
            switch event.type {
            case YAML_STREAM_START_EVENT: continue
            case YAML_DOCUMENT_START_EVENT: return .documentStart
            case YAML_DOCUMENT_END_EVENT: return .documentEnd
            case YAML_SCALAR_EVENT: return .scalar(Self.scalar(event), Self.properties(event))
            case YAML_SEQUENCE_START_EVENT, YAML_MAPPING_START_EVENT:
                let properties = Self.properties(event)
                return event.type == YAML_MAPPING_START_EVENT ? .mappingStart(properties) : .sequenceStart(properties)
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .end
            case YAML_ALIAS_EVENT: return .alias(Self.text(event.data.alias.anchor) ?? "")
            default: return .streamEnd
            }
        }
    }

    private static func scalar(_ event: yaml_event_t) -> YAMLNode.Scalar {
        let scalar = event.data.scalar
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        let style: YAMLNode.Style =
            switch scalar.style {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: .quoted
            case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
            default: .plain
            }
        return YAMLNode.Scalar(text: String(decoding: bytes, as: UTF8.self), style: style)
    }

    private static func properties(_ event: yaml_event_t) -> Properties {
        switch event.type {
        case YAML_SCALAR_EVENT:
            return Properties(anchor: text(event.data.scalar.anchor), tag: text(event.data.scalar.tag) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return Properties(anchor: text(start.anchor), tag: text(start.tag) ?? "")
        default:
            let start = event.data.mapping_start
            return Properties(anchor: text(start.anchor), tag: text(start.tag) ?? "")
        }
    }

    private func error() -> YAMLError {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "not a YAML document"
        if state.error == YAML_READER_ERROR { return unreadable(problem, at: state.problem_offset) }
        let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
        func place(_ mark: yaml_mark_t) -> YAMLPlace {
            mark.index < scalars.count ? Self.place(mark) : Self.end(of: scalars)
        }
        if Self.isTabInIndentation(scalars, state.problem_mark) {
            return YAMLError(.tabInIndentation, at: place(state.problem_mark))
        }
        // Behind the end there is nothing to show: what has no end is.
        let isAtEnd = state.problem_mark.index >= scalars.count && state.context != nil
        var error = YAMLError(.syntax(problem), at: place(isAtEnd ? state.context_mark : state.problem_mark))
        error.context = state.context.map { String(cString: $0) }
        error.contextPlace = place(state.context_mark)
        return error
    }

    /// Behind the last character, where libyaml has a line more.
    private static func end(of scalars: [Unicode.Scalar]) -> YAMLPlace {
        var lines = scalars.split(omittingEmptySubsequences: false) { $0 == "\n" }
        if lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
        return YAMLPlace(line: lines.count, column: (lines.last?.count ?? 0) + 1)
    }

    private static func isTabInIndentation(_ scalars: [Unicode.Scalar], _ mark: yaml_mark_t) -> Bool {
        guard mark.index < scalars.count, scalars[mark.index] == "\t" else { return false }
        return scalars[(mark.index - min(mark.column, mark.index))..<mark.index].allSatisfy { $0 == " " || $0 == "\t" }
    }

    private func unreadable(_ problem: String, at offset: Int) -> YAMLError {
        let before = String(decoding: text[..<min(offset, text.count)], as: UTF8.self)
        let lines = before.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "\n" }
        let place = YAMLPlace(line: lines.count, column: (lines.last?.count ?? 0) + 1)
        let rest = String(validating: text[min(offset, text.count)...], as: UTF8.self)
        return YAMLError(.unreadable(problem, rest?.unicodeScalars.first), at: place)
    }

    private static func place(_ mark: yaml_mark_t) -> YAMLPlace {
        YAMLPlace(line: mark.line + 1, column: mark.column + 1)
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? { pointer.map { String(cString: $0) } }
}
