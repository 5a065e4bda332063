import Build

final class QuietProgress: ProgressView {
    func report(_ event: BuildEvent) {}

    func end(_ ending: BuildView.Ending, images: [BuiltImage]) async {}
}
