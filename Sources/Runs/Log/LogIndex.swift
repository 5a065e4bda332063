import Foundation
import SystemPackage

/// Which stretches of a run's text belong to which step, built up from the events as they come.
struct LogIndex: Sendable {
    struct Step: Sendable {
        let number: Int
        let name: String
        var ranges: [Range<Int64>] = []
    }

    private(set) var steps: [Step] = []
    private var torn: [UInt8] = []

    /// The highest step number given so far.
    var stepCount: Int { steps.map(\.number).max() ?? 0 }

    init() {}

    init(eventsIn path: FilePath) throws {
        var offset: Int64 = 0
        while true {
            let bytes = try LogFile.read(path, at: offset, count: 1 << 20)
            guard !bytes.isEmpty else { return }
            offset += Int64(bytes.count)
            add(bytes)
        }
    }

    /// Takes the next bytes of the events file. A line that is no event was cut off by a crash, and is passed over.
    mutating func add(_ bytes: [UInt8]) {
        var lines = (torn + bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        torn = Array(lines.removeLast())
        let decoder = JSONDecoder()
        for line in lines {
            guard let event = try? decoder.decode(LogEvent.self, from: Data(line)), let number = event.step else {
                continue
            }
            switch event.event {
            case .stepStarted:
                steps.append(Step(number: number, name: event.name ?? ""))
            case .stepOutput:
                guard let offset = event.offset, let length = event.length else { continue }
                guard let index = steps.lastIndex(where: { $0.number == number }) else { continue }
                steps[index].ranges.append(offset..<(offset + length))
            default: continue
            }
        }
    }

    /// The stretches, in order, of the steps that `selector` means: a number, or a part of a name in any case.
    func ranges(of selector: String) -> [Range<Int64>] {
        let wanted = selector.lowercased()
        let number = Int(selector.hasPrefix("#") ? selector.dropFirst() : selector[...])
        return
            steps
            .filter { $0.number == number || (number == nil && $0.name.lowercased().contains(wanted)) }
            .flatMap(\.ranges).sorted { $0.lowerBound < $1.lowerBound }
    }
}
