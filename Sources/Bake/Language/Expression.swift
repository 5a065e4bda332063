/// An expression of the language, with its place for messages.
struct Expression: Sendable {
    indirect enum Kind: Sendable {
        case literal(Value)
        /// Parts put together as one text.
        case template([Expression])
        case variable(String)
        case attribute(Expression, String)
        case index(Expression, Expression)
        /// What the second says, of each element of the first: there `element` is the element.
        case splat(Expression, each: Expression)
        case element
        /// `expandsLast` is `f(list...)`.
        case call(String, [Expression], expandsLast: Bool)
        case list([Expression])
        case object([Item])
        case forList(ForClause, Expression)
        /// `groups` collects the values of one key: `{ for … : k => v... }`.
        case forObject(ForClause, key: Expression, value: Expression, groups: Bool)
        /// `%{ for … }` of a template: the texts one after the other.
        case forText(ForClause, Expression)
        case conditional(Expression, then: Expression, otherwise: Expression)
        case negation(Expression)
        case not(Expression)
        case binary(Operator, Expression, Expression)
    }

    struct Item: Sendable {
        let key: Expression
        let value: Expression
    }

    struct ForClause: Sendable {
        let key: String?
        let value: String
        let collection: Expression
        let condition: Expression?
    }

    enum Operator: String, Sendable {
        case or = "||"
        case and = "&&"
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case modulo = "%"

        /// From the weakest to the strongest; the longer of two with one begin comes first.
        static let levels: [[Operator]] = [
            [.or], [.and], [.equal, .notEqual], [.lessOrEqual, .greaterOrEqual, .less, .greater], [.add, .subtract],
            [.multiply, .divide, .modulo],
        ]
    }

    let kind: Kind
    let place: Place
    /// Of nested expressions; bounds the recursion of whoever walks it.
    let depth: Int

    static let depthLimit = 100

    init(_ kind: Kind, at place: Place) throws(BakeError) {
        self.kind = kind
        self.place = place
        depth = 1 + (Self.parts(of: kind).lazy.map(\.depth).max() ?? 0)
        if depth > Self.depthLimit {
            throw BakeError("the expression is nested more than \(Self.depthLimit) deep", at: place)
        }
    }

    private static func parts(of kind: Kind) -> [Expression] {
        switch kind {
        case .literal, .variable, .element: []
        case .template(let parts), .list(let parts): parts
        case .attribute(let value, _), .negation(let value), .not(let value): [value]
        case .index(let a, let b), .splat(let a, each: let b), .binary(_, let a, let b): [a, b]
        case .call(_, let arguments, _): arguments
        case .object(let items): items.flatMap { [$0.key, $0.value] }
        case .forList(let clause, let value), .forText(let clause, let value): parts(of: clause) + [value]
        case .forObject(let clause, let key, let value, _): parts(of: clause) + [key, value]
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        }
    }

    private static func parts(of clause: ForClause) -> [Expression] {
        [clause.collection] + (clause.condition.map { [$0] } ?? [])
    }

    /// The text, if it is a bare name or a text without anything to evaluate.
    var keyword: String? {
        switch kind {
        case .variable(let name): name
        case .literal(.string(let text)): text
        default: nil
        }
    }
}

/// What stands between the braces of a block, or in a file.
struct Body: Sendable {
    var attributes: [BodyAttribute] = []
    var blocks: [BodyBlock] = []

    subscript(name: String) -> BodyAttribute? { attributes.last { $0.name == name } }
}

struct BodyAttribute: Sendable {
    let name: String
    let place: Place
    let value: Expression
}

struct BodyBlock: Sendable {
    let type: String
    /// Of the type and the labels.
    let place: Place
    let labels: [String]
    let body: Body
}
