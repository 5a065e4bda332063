extension Builtin {
    static let lists: [String: Builtin] = [
        "concat": Builtin(atLeast: 1) { call in
            var values: [Value] = []
            for index in 0..<call.count {
                let more = try call.list(index)
                try call.will(makeElements: more.count)
                values += more
            }
            return .list(values)
        },
        "length": Builtin(1) { call in
            if case .object(let members) = call[0] { return .number(Number(members.count)) }
            return .number(Number(try call.list(0).count))
        },
        "element": Builtin(2) { call in
            let (values, index) = (try call.list(0), try call.int(1))
            guard !values.isEmpty else { throw call.error("the list is empty", 0) }
            // The list goes on from its start.
            return values[((index % values.count) + values.count) % values.count]
        },
        "hasindex": Builtin(2) { call in
            if case .object(let members) = call[0] { return .bool(call[1].text.map { members[$0] != nil } ?? false) }
            let count = try call.list(0).count
            return .bool(call[1].asNumber?.int.map { (0..<count).contains($0) } ?? false)
        },
        "index": Builtin(2) { call in
            if case .object(let members) = call[0] {
                guard let value = members[try call.text(1)] else { throw call.error("there is no such key", 1) }
                return value
            }
            let (values, index) = (try call.list(0), try call.int(1))
            guard values.indices.contains(index) else { throw call.error("the list has \(values.count) elements", 1) }
            return values[index]
        },
        "indexof": Builtin(2) { call in
            guard let index = try call.list(0).firstIndex(of: call[1]) else {
                throw call.error("the list does not have the value", 1)
            }
            return .number(Number(index))
        },
        "slice": Builtin(2...3) { call in
            let values = try call.list(0)
            let start = try call.int(1)
            let end = call.count > 2 ? try call.int(2) : values.count
            guard start >= 0, start <= end, end <= values.count else {
                throw call.error("\(start) to \(end) is no part of a list of \(values.count)")
            }
            return .list(Array(values[start..<end]))
        },
        "sort": Builtin(1) { call in .list(try call.texts(0).inOrder().map(Value.string)) },
        "reverselist": Builtin(1) { call in .list(try call.list(0).reversed()) },
        "distinct": Builtin(1) { call in .list(try call.list(0).distinct()) },
        "compact": Builtin(1) { call in .list(try call.list(0).filter { $0 != .null && $0 != .string("") }) },
        "coalescelist": Builtin(atLeast: 1) { call in
            for index in 0..<call.count where call[index] != .null {
                if case .list(let values) = call[index], !values.isEmpty { return call[index] }
            }
            throw call.error("all lists are empty")
        },
        "flatten": Builtin(1) { call in
            var values: [Value] = []
            try flatten(try call.list(0), into: &values, call)
            return .list(values)
        },
        "chunklist": Builtin(2) { call in
            let (values, size) = (try call.list(0), try call.int(1))
            guard size >= 0 else { throw call.error("the size is negative", 1) }
            guard size > 0, !values.isEmpty else { return .list(values.isEmpty ? [] : [.list(values)]) }
            return .list(
                stride(from: 0, to: values.count, by: size).map { start in
                    .list(Array(values[start..<min(values.count, start + min(size, values.count))]))
                })
        },
        "contains": Builtin(2) { call in .bool(try call.list(0).contains(call[1])) },
    ]

    private static func flatten(_ list: [Value], into values: inout [Value], _ call: Call) throws {
        try call.will(makeElements: list.count)
        for value in list {
            if case .list(let inner) = value {
                try flatten(inner, into: &values, call)
            } else {
                values.append(value)
            }
        }
    }

    // MARK: Sets

    static let sets: [String: Builtin] = [
        "toset": Builtin(1) { call in .list(ValueType.ordered(try call.list(0))) },
        "sethaselement": Builtin(2) { call in .bool(try call.list(0).contains(call[1])) },
        "setunion": set { $0.union($1) },
        "setintersection": set { $0.intersection($1) },
        "setsymmetricdifference": set { $0.symmetricDifference($1) },
        "setsubtract": Builtin(2) { call in
            let removed = Set(try call.list(1))
            return .list(ValueType.ordered(try call.list(0).filter { !removed.contains($0) }))
        },
        "setproduct": Builtin(atLeast: 2) { call in
            var products: [[Value]] = [[]]
            for index in 0..<call.count {
                let values = try call.list(index)
                let (count, overflow) = (products.count * (index + 1)).multipliedReportingOverflow(by: values.count)
                try call.will(makeElements: overflow ? 1 << 40 : count)
                products = products.flatMap { product in values.map { product + [$0] } }
            }
            return .list(products.map(Value.list))
        },
    ]

    private static func set(_ combine: @escaping @Sendable (Set<Value>, Set<Value>) -> Set<Value>) -> Builtin {
        Builtin(atLeast: 1) { call in
            var result = Set(try call.list(0))
            for index in 1..<max(1, call.count) { result = combine(result, Set(try call.list(index))) }
            return .list(ValueType.ordered(Array(result)))
        }
    }

    // MARK: Objects

    static let objects: [String: Builtin] = [
        "keys": Builtin(1) { call in .list(try call.object(0).keys.inOrder().map(Value.string)) },
        "values": Builtin(1) { call in .list(try call.object(0).inOrder.map(\.value)) },
        "lookup": Builtin(2...3) { call in
            if let value = try call.object(0)[try call.text(1)] { return value }
            guard call.count > 2 else { throw call.error("there is no `\(try call.text(1))` and no default", 1) }
            return call[2]
        },
        "merge": Builtin(atLeast: 0) { call in
            var result: [String: Value] = [:]
            for index in 0..<call.count where call[index] != .null {
                result.merge(try call.object(index)) { $1 }
            }
            return .object(result)
        },
        "zipmap": Builtin(2) { call in
            let (names, values) = (try call.texts(0), try call.list(1))
            guard names.count == values.count else {
                throw call.error("there are \(names.count) keys and \(values.count) values")
            }
            return .object(Dictionary(zip(names, values)) { $1 })
        },
    ]
}
