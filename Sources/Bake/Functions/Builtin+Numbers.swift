extension Builtin {
    static let numbers: [String: Builtin] = [
        "add": arithmetic(.add), "subtract": arithmetic(.subtract), "multiply": arithmetic(.multiply),
        "divide": arithmetic(.divide), "modulo": arithmetic(.modulo),
        "negate": Builtin(1) { call in
            try Arithmetic.value(.subtract, .whole(0), try call.number(0), at: call.place)
        },
        "abs": absolute, "absolute": absolute,
        "ceil": rounding(.up), "floor": rounding(.down), "int": rounding(.towardZero),
        "signum": Builtin(1) { call in
            let value = try call.number(0).double
            return .number(Number(value > 0 ? 1 : value < 0 ? -1 : 0))
        },
        "max": extreme { $0 < $1 }, "min": extreme { $1 < $0 },
        "pow": Builtin(2) { call in
            let (base, exponent) = (try call.number(0), try call.number(1))
            if case .whole(let base) = base, case .whole(let exponent) = exponent, exponent >= 0,
                let exact = power(base, exponent)
            {
                return .number(Number(exact))
            }
            return try finite(RealMath.power(base.double, exponent.double), call)
        },
        "log": Builtin(2) { call in
            try finite(
                RealMath.logarithm(try call.number(0).double) / RealMath.logarithm(try call.number(1).double), call)
        },
        "parseint": Builtin(2) { call in
            let radix = try call.int(1)
            guard (2...36).contains(radix) else { throw call.error("the base \(radix) is not from 2 to 36", 1) }
            guard let value = Int(try call.text(0), radix: radix) else {
                throw call.error("`\(try call.text(0))` is no whole number of base \(radix)", 0)
            }
            return .number(Number(value))
        },
        "range": Builtin(1...3) { call in try range(call) },
    ]

    private static let absolute = Builtin(1) { call in
        let number = try call.number(0)
        return number < .whole(0) ? try Arithmetic.value(.subtract, .whole(0), number, at: call.place) : .number(number)
    }

    private static func arithmetic(_ symbol: Expression.Operator) -> Builtin {
        Builtin(2) { call in
            try Arithmetic.value(symbol, try call.number(0), try call.number(1), at: call.place)
        }
    }

    private static func rounding(_ rule: FloatingPointRoundingRule) -> Builtin {
        Builtin(1) { call in
            let number = try call.number(0)
            return number.int == nil ? try finite(number.double.rounded(rule), call) : .number(number)
        }
    }

    /// The last that is not exceeded.
    private static func extreme(_ isExceeded: @escaping @Sendable (Number, Number) -> Bool) -> Builtin {
        Builtin(atLeast: 1) { call in
            var result = try call.number(0)
            for index in 1..<max(1, call.count) {
                let number = try call.number(index)
                if isExceeded(result, number) { result = number }
            }
            return .number(result)
        }
    }

    private static func finite(_ value: Double, _ call: Call) throws -> Value {
        guard let number = Number(value) else { throw call.error("the result is no finite number") }
        return .number(number)
    }

    private static func power(_ base: Int, _ exponent: Int) -> Int? {
        guard exponent <= 64 || base.magnitude <= 1 else { return nil }
        var result = 1
        for _ in 0..<(base.magnitude <= 1 ? (base == -1 ? exponent % 2 : min(exponent, 1)) : exponent) {
            let (product, overflow) = result.multipliedReportingOverflow(by: base)
            if overflow { return nil }
            result = product
        }
        return result
    }

    /// As many as other builders allow.
    private static let rangeLimit = 1024

    private static func range(_ call: Call) throws -> Value {
        let start = call.count > 1 ? try call.number(0) : .whole(0)
        let end = try call.number(call.count > 1 ? 1 : 0)
        let isDown = end < start
        let step = call.count > 2 ? try call.number(2) : .whole(isDown ? -1 : 1)
        guard step != .whole(0) else { throw call.error("the step is 0", 2) }
        guard start == end || isDown == (step < .whole(0)) else {
            throw call.error("the step leads away from the end", 2)
        }
        var values: [Value] = []
        var next = start
        while isDown ? end < next : next < end {
            guard values.count < rangeLimit else { throw call.error("more than \(rangeLimit) numbers") }
            values.append(.number(next))
            guard case .number(let sum) = try Arithmetic.value(.add, next, step, at: call.place) else { break }
            next = sum
        }
        return .list(values)
    }

    // MARK: Comparisons

    static let comparisons: [String: Builtin] = [
        "equal": Builtin(2) { .bool($0[0] == $0[1]) },
        "notequal": Builtin(2) { .bool($0[0] != $0[1]) },
        "lessthan": arithmetic(.less), "lessthanorequalto": arithmetic(.lessOrEqual),
        "greaterthan": arithmetic(.greater), "greaterthanorequalto": arithmetic(.greaterOrEqual),
        "and": Builtin(2) { call in .bool(try call.bool(0) && call.bool(1)) },
        "or": Builtin(2) { call in .bool(try call.bool(0) || call.bool(1)) },
        "not": Builtin(1) { call in .bool(!(try call.bool(0))) },
        "coalesce": Builtin(atLeast: 1) { call in
            guard let value = call.arguments.first(where: { $0 != .null }) else {
                throw call.error("all arguments are null")
            }
            return value
        },
    ]
}

/// What the standard library has no function for.
enum RealMath {
    /// Natural, by its series around 1 after taking the exponent of 2 away.
    static func logarithm(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return .nan }
        let fraction = value.significand
        let ratio = (fraction - 1) / (fraction + 1)
        var (sum, term) = (0.0, ratio)
        for odd in stride(from: 1.0, through: 61, by: 2) {
            sum += term / odd
            term *= ratio * ratio
        }
        return 2 * sum + Double(value.exponent) * 0.693_147_180_559_945_309_4
    }

    /// By squaring for whole exponents, else through the logarithm.
    static func power(_ base: Double, _ exponent: Double) -> Double {
        if exponent == exponent.rounded(), abs(exponent) <= 4096 {
            var (result, square, count) = (1.0, base, Int(abs(exponent)))
            while count > 0 {
                if count & 1 == 1 { result *= square }
                square *= square
                count >>= 1
            }
            return exponent < 0 ? 1 / result : result
        }
        return exponential(exponent * logarithm(base))
    }

    private static func exponential(_ value: Double) -> Double {
        guard abs(value) < 709 else { return value < 0 ? 0 : .infinity }
        let reduced = value / 1024
        var (sum, term) = (1.0, 1.0)
        for index in 1...20 {
            term *= reduced / Double(index)
            sum += term
        }
        for _ in 0..<10 { sum *= sum }
        return sum
    }
}
