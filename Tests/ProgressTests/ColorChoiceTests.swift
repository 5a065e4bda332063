import Testing
import caisson

struct ColorChoiceTests {
    @Test(arguments: [
        (ColorChoice.auto, nil, true), (.auto, "", true), (.auto, "1", false), (.always, "1", true),
        (.never, nil, false),
    ])
    func optionGoesBeforeTheEnvironment(choice: ColorChoice, noColor: String?, isInColor: Bool) {
        #expect(choice.isInColor(noColor: noColor) == isInColor)
    }
}
