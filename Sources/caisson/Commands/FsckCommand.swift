import ArgumentParser
import Linux
import OCI
import Storage

struct FsckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck", abstract: "Checks every digest and record of the store.",
        discussion: "Exit code 1 if something is damaged that could not be mended.")

    @Flag(name: .customLong("repair"), help: "Rebuild indexes, drop damaged records, put damaged content aside.")
    var repair = false
    @OptionGroup var store: StoreOptions

    func run() throws {
        let report = try store.openStore().check(repairing: repair)
        if store.json {
            StandardOutput.write(report.json.lineText + "\n")
        } else {
            for finding in report.findings {
                let refetch = finding.needsRefetch ? "; it is fetched or built again when next needed" : ""
                StandardOutput.write("\(finding.path): \(finding.problem): \(finding.remedy.rawValue)\(refetch)\n")
            }
            StandardOutput.write(
                "\(report.filesChecked) files, \(ByteCount.text(report.bytesChecked)) checked, "
                    + "\(report.findings.count) problem\(report.findings.count == 1 ? "" : "s")\n")
        }
        if !report.isSound {
            if store.json { throw CommandFailure.silent }
            throw repair
                ? CommandFailure("some content is lost")
                : CommandFailure("the store is damaged", hint: "`caisson fsck --repair` mends what can be mended")
        }
    }
}
