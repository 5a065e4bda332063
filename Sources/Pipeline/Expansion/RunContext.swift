/// The facts about one run that its pipeline file may refer to.
package struct RunContext: Hashable, Sendable {
    package let trigger: TriggerName
    package let ref: RefName
    package let commit: CommitID
    /// Committer time in seconds since 1970.
    package let commitTime: Int64
    package let run: Int64

    package init(trigger: TriggerName, ref: RefName, commit: CommitID, commitTime: Int64, run: Int64) {
        self.trigger = trigger
        self.ref = ref
        self.commit = commit
        self.commitTime = commitTime
        self.run = run
    }

    /// The text of `template`; nil when it asks for `${version.major}` or `${version.minor}` of a pre-release, so that
    /// `v2.0.0-rc.1` never moves the tag `2`.
    package func expand(_ template: Template) throws(PipelineError) -> String? {
        var result = ""
        for part in template.parts {
            switch part {
            case .text(let text): result += text
            case .variable(let variable):
                guard let value = try value(of: variable) else { return nil }
                result += value
            }
        }
        return result
    }

    private func value(of variable: Variable) throws(PipelineError) -> String? {
        switch variable {
        case .branch: return try name(of: .branch, for: variable)
        case .branchSlug: return slug(of: try name(of: .branch, for: variable))
        case .tag: return try name(of: .tag, for: variable)
        case .version: return try version().description
        case .versionMajor:
            let version = try version()
            return version.isPrerelease ? nil : version.major
        case .versionMinor:
            let version = try version()
            return version.isPrerelease ? nil : "\(version.major).\(version.minor ?? "0")"
        case .sha: return commit.hex
        case .sha7: return commit.short
        case .date: return CalendarDate(secondsSince1970: commitTime).compact
        case .trigger: return trigger.text
        case .run: return String(run)
        }
    }

    private func name(of kind: RefName.Kind, for variable: Variable) throws(PipelineError) -> String {
        guard ref.kind == kind else {
            throw PipelineError(.noValue, "`${\(variable.rawValue)}` has no value for `\(ref)`")
        }
        return ref.name
    }

    private func version() throws(PipelineError) -> ReleaseVersion {
        let tag = try name(of: .tag, for: .version)
        guard let version = ReleaseVersion(tag: tag) else {
            throw PipelineError(.noValue, "tag `\(tag)` is no version such as v1.2.3, which `${version}` needs")
        }
        return version
    }
}

/// A day of the Gregorian calendar in UTC (https://howardhinnant.github.io/date_algorithms.html#civil_from_days).
struct CalendarDate {
    let year: Int64
    let month: Int64
    let day: Int64

    init(secondsSince1970 seconds: Int64) {
        let days = (seconds >= 0 ? seconds : seconds - 86399) / 86400 + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `20261123`
    var compact: String {
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return padded(year, 4) + padded(month, 2) + padded(day, 2)
    }
}
