import ArgumentParser
import Engine
import Linux
import OCI

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Says what this host can do, what is missing and how to get it.",
        discussion: "Exit code 3 if builds cannot run here.")

    @OptionGroup var store: StoreOptions

    func run() async throws {
        let checks = await HostReport.checks(store: store.storePath)
        if store.json {
            let json = checks.map { check -> JSON in
                [
                    "name": .string(check.name), "ok": .bool(check.isGood), "required": .bool(check.isRequired),
                    "detail": .string(check.detail), "remedy": check.remedy.map(JSON.string),
                ]
            }
            StandardOutput.write(JSON.array(json).lineText + "\n")
        } else {
            for check in checks {
                let mark = check.isGood ? "ok     " : check.isRequired ? "MISSING" : "absent "
                StandardOutput.write("\(mark)  \(check.name): \(check.detail)\n")
                if !check.isGood, let remedy = check.remedy { StandardOutput.write("         \(remedy)\n") }
            }
        }
        if checks.contains(where: { $0.isRequired && !$0.isGood }) {
            throw CommandFailure(store.json ? "" : "builds cannot run here", .infrastructure)
        }
    }
}
