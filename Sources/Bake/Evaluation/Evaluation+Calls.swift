extension Evaluation {
    func call(
        _ name: String, _ arguments: [Expression], expandsLast: Bool, in scope: Scope, at place: Place
    ) throws -> Value {
        switch name {
        case "try", "can": return try attempt(name, arguments, in: scope, at: place)
        case "convert" where arguments.count == 2:
            return try ValueType(parsing: arguments[1]).convert(
                try value(arguments[0], in: scope), at: arguments[0].place)
        default: break
        }
        var values: [Value] = []
        var places: [Place] = []
        for (index, argument) in arguments.enumerated() {
            let value = try value(argument, in: scope)
            if expandsLast, index == arguments.count - 1 {
                guard case .list(let elements) = value else {
                    throw BakeError("`...` is for a list, not \(value.kind)", at: argument.place)
                }
                values += elements
                places += elements.map { _ in argument.place }
            } else {
                values.append(value)
                places.append(argument.place)
            }
        }
        if let function = definitions.functions[name] {
            return try call(function, values, at: place)
        }
        guard let function = Builtin.all[name] else { throw unknown(name, at: place) }
        let call = Call(name: name, arguments: values, places: places, place: place, evaluation: self)
        try call.checkCount(function.parameters)
        try spend(1 + values.count, at: place)
        return try measured(try function.body(call), at: place)
    }

    private func unknown(_ name: String, at place: Place) -> BakeError {
        if let reason = Builtin.refused[name] {
            return BakeError("`\(name)` is not supported: \(reason)", at: place)
        }
        let known = Array(definitions.functions.keys) + Builtin.all.keys + ["try", "can", "convert"]
        return BakeError("there is no function `\(name)`", at: place, hint: Spelling.hint(for: name, among: known))
    }

    private func call(_ function: Definitions.Function, _ values: [Value], at place: Place) throws -> Value {
        let count = function.parameters.count
        guard values.count == count || (values.count > count && function.variadic != nil) else {
            throw BakeError(
                "`\(function.name)` takes \(count)\(function.variadic == nil ? "" : " or more") arguments, not \(values.count)",
                at: place)
        }
        var scope = Scope()
        for (name, value) in zip(function.parameters, values) { scope.names[name] = value }
        if let variadic = function.variadic { scope.names[variadic] = .list(Array(values.dropFirst(count))) }
        let body = scope
        return try once("\(function.name)()", at: place) {
            try measured(try value(function.result, in: body), at: place)
        }
    }

    /// The first argument that can be evaluated; whether it can.
    private func attempt(
        _ name: String, _ arguments: [Expression], in scope: Scope, at place: Place
    ) throws -> Value {
        if name == "can", arguments.count != 1 { throw BakeError("`can` takes one argument", at: place) }
        var failure: BakeError?
        for argument in arguments {
            do {
                let result = try value(argument, in: scope)
                return name == "can" ? .bool(true) : result
            } catch let error as BakeError {
                failure = error
                // What takes too long once would take as long each time.
                try spend(100, at: place)
            }
        }
        if name == "can" { return .bool(false) }
        throw failure ?? BakeError("`try` takes at least one argument", at: place)
    }
}
