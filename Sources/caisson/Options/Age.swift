import ArgumentParser
import Dockerfile

/// A time span as people write it: `30d`, `12h`, `90m`, `45s`.
struct Age: ExpressibleByArgument {
    let seconds: Int64

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400]
        guard let unit = argument.last.flatMap({ units[$0] }), let number = Int64(argument.dropLast()), number >= 0
        else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit)
        if overflow { return nil }
        self.seconds = seconds
    }
}

/// A count of bytes as people write it: `512m`, `50GiB`.
struct Size: ExpressibleByArgument {
    let bytes: Int64

    init?(argument: String) {
        guard let bytes = ByteSize.parse(argument), bytes >= 0 else { return nil }
        self.bytes = Int64(bytes)
    }
}
