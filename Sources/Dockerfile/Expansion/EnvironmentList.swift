/// Variables in the order in which they were first set; setting one again keeps its place.
package struct EnvironmentList: Hashable, Sendable {
    package struct Variable: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }

        /// `name=value`.
        package var assignment: String { "\(name)=\(value)" }
    }

    package private(set) var variables: [Variable] = []
    private var places: [String: Int] = [:]

    package init() {}

    /// From `name=value` texts as image configurations hold them; of two with one name the later wins.
    package init(_ assignments: [String]) {
        for assignment in assignments {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            self[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
    }

    package subscript(name: String) -> String? {
        get { places[name].map { variables[$0].value } }
        set {
            if let newValue {
                let variable = Variable(name: name, value: newValue)
                if let place = places[name] {
                    variables[place] = variable
                } else {
                    places[name] = variables.count
                    variables.append(variable)
                }
            } else if let place = places.removeValue(forKey: name) {
                variables.remove(at: place)
                for index in place..<variables.count { places[variables[index].name] = index }
            }
        }
    }

    package var isEmpty: Bool { variables.isEmpty }
    package var assignments: [String] { variables.map(\.assignment) }
}
